"""What took time in a recording, from the marks of its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dtrain.timeline.phases import DATA


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took time, from `begin` to `end` in ns of `time.perf_counter_ns`.

    `what` is the name of a phase, (epoch, step), or an instruction as it was given to the listener.
    """

    what: Any
    begin: int
    end: int


def spans(marks: Sequence[Any], end: int) -> Iterator[Span]:
    """The spans of the marks of one thread; what is not over ends at `end`.

    A step ends where the data of the next one is asked for: what comes later belongs to no step.
    """
    open_phases: list[tuple[str, int]] = []
    step: tuple[tuple[int, int], int] | None = None
    for what, value in zip(marks[::2], marks[1::2], strict=False):  # the last mark may have no time yet
        if isinstance(what, tuple):
            if step is not None:
                yield Span(step[0], step[1], value)
            step = what, value
        elif isinstance(what, str):
            if step is not None and what == DATA.name and not open_phases:
                yield Span(step[0], step[1], value)
                step = None
            open_phases.append((what, value))
        elif what is not None:
            yield from (Span(n, value[k], value[k + 1]) for k, n in enumerate(what) if n is not None)
        elif open_phases:  # otherwise the phase began before the recording
            name, begin = open_phases.pop()
            yield Span(name, begin, value)
    yield from (Span(name, begin, end) for name, begin in reversed(open_phases))
    if step is not None:
        yield Span(step[0], step[1], end)
