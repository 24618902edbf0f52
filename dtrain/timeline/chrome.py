"""Recordings as text in the trace event format, which Perfetto and Chrome show.

The format: "Trace Event Format", D. Sinclair and others, 2016. Times are in microseconds; a complete event ("X") has a
beginning `ts` and a duration `dur`; metadata ("M") name the rows.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from dtrain.timeline.spans import Span

_HEAD = '{"displayTimeUnit": "ms", "traceEvents": [\n'
_TAIL = "\n]}\n"
_ROWS = 100  # threads of a process with numbers of their own


@dataclass(frozen=True, slots=True)
class Shown:
    """How something appears: its name, its category, and what is told of it when it is chosen."""

    name: str
    category: str
    facts: dict[str, Any]


def events(
    rank: int,
    host: str,
    threads: Iterable[tuple[str, list[Span]]],
    show: Callable[[Any], Shown],
    clock: Callable[[int], int],
) -> Iterator[str]:
    """The events of one process, each in JSON on a line of its own.

    Args:
        rank: of the process.
        host: on which it runs.
        threads: name and spans of each of its threads.
        show: how that which took time appears.
        clock: makes times of all processes comparable, in ns.
    """
    process = rank + 1  # 0 is the idle process of an operating system
    yield _metadata("process_name", process, process * _ROWS, name=f"rank {rank} ({host})")
    yield _metadata("process_sort_index", process, process * _ROWS, sort_index=rank)
    texts: dict[Any, str] = {}
    for row, (name, spans) in enumerate(threads):
        thread = process * _ROWS + row
        yield _metadata("thread_name", process, thread, name=name)
        yield _metadata("thread_sort_index", process, thread, sort_index=row)
        end = f'"ph": "X", "pid": {process}, "tid": {thread}}}'
        for span in sorted(spans, key=lambda span: (span.begin, -span.end)):  # the outer before the inner
            if span.what not in texts:
                texts[span.what] = _text(show(span.what))
            begin, stop = clock(span.begin), clock(span.end)
            yield f'{texts[span.what]}, "ts": {begin / 1000:.3f}, "dur": {(stop - begin) / 1000:.3f}, {end}'


def _text(shown: Shown) -> str:
    return json.dumps({"name": shown.name, "cat": shown.category, "args": shown.facts})[:-1]


def _metadata(kind: str, process: int, thread: int, **arguments: Any) -> str:
    return json.dumps({"name": kind, "ph": "M", "pid": process, "tid": thread, "args": arguments})


def write(path: Path, texts: Iterable[str]) -> None:
    """Write a trace of events, compressed if the name ends in `.gz`; the file is there when it is whole.

    Args:
        path: of the file.
        texts: events, separated by a comma and the end of a line.
    """
    beside = path.with_name(f"{os.getpid()}.{path.name}")
    try:
        with _open(beside, "wt") as file:
            file.write(_HEAD)
            for number, text in enumerate(texts):
                file.write(f",\n{text}" if number else text)
            file.write(_TAIL)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def read_events(path: Path) -> str:
    """The events in a file that `write` has made, as it takes them."""
    with _open(path, "rt") as file:
        return file.read().removeprefix(_HEAD).removesuffix(_TAIL)


def _open(path: Path, mode: str) -> TextIO:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    return opened(path, mode, encoding="utf-8")  # type: ignore[no-any-return]


def part_path(path: Path, rank: int) -> Path:
    """Where the part of a rank is written when no trace of all ranks can be: `trace.rank3.json` for `trace.json`."""
    stem = path.name.removesuffix(".gz").removesuffix(".json")
    return path.with_name(f"{stem}.rank{rank}{path.name.removeprefix(stem)}")
