"""Parts of a trace become one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dtrain.timeline.chrome import Shown, events, part_path, write
from dtrain.timeline.merge import merge
from dtrain.timeline.spans import Span
from tests.timeline.traces import TraceFile, bounds

SPANS = [Span("inner", 2_000, 2_000), Span("inner", 3_000, 3_001), Span("outer", 1_000, 3_001)]


def write_part(path: Path, rank: int) -> None:
    lines = events(rank, 'a "host"', [("training", SPANS)], lambda what: Shown(what, "phase", {}), lambda t: t + rank)
    write(part_path(path, rank), [",\n".join(lines)])


@pytest.mark.parametrize("name", ["trace.json", "my.trace.json.gz", "trace"])
def test_the_parts_of_all_ranks_are_in_the_trace_and_no_longer_beside_it(tmp_path: Path, name: str) -> None:
    for rank in (0, 2, 11):
        write_part(tmp_path / name, rank)
    other = tmp_path / "other.rank1.json"
    other.touch()
    assert merge(tmp_path / name) == [0, 2, 11]
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / name, other])
    trace = TraceFile(tmp_path / name)
    assert trace.ranks() == [0, 2, 11] and trace.processes[3] == 'rank 2 (a "host")'
    outer, first, second = trace.of_rank(2)
    assert bounds(outer) == (1_002, 3_003) and bounds(second) == (3_002, 3_003)
    assert trace.parent(first) == trace.parent(second) == "outer"


def test_a_trace_without_parts_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dtrain.timeline.merge", str(tmp_path / "trace.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "trace.rank0.json or that of another rank" in done.stderr


def test_the_name_of_a_part_keeps_the_ending() -> None:
    names = ["trace.json", "a.b.json.gz", "trace", "trace.txt"]
    found = [part_path(Path("folder", name), 3) for name in names]
    assert [path.name for path in found] == [
        "trace.rank3.json", "a.b.rank3.json.gz", "trace.rank3", "trace.txt.rank3"
    ]  # fmt: skip
