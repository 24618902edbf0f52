"""The trace of a job: recorded by each process, written by one into one file."""

from __future__ import annotations

import atexit
import os
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dtrain.distributed import hooks
from dtrain.distributed.clocks import RankClock, Reading, read_clocks
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say
from dtrain.graph.nodes import PlanNode
from dtrain.graph.spec import Spec
from dtrain.timeline.chrome import Shown, events, part_path, write
from dtrain.timeline.merge import merge, parts_of
from dtrain.timeline.recorder import SHARE, Recorder, Window

PATIENCE_S = 3.0  # a process that fails waits so long for the parts of others that fail too
MERGE_S = 20.0


class JobTrace:
    """The recording of this process, and how it gets into the file of all.

    Args:
        communicator: all processes.
        path: of the file.
        window: what is recorded.
    """

    def __init__(self, communicator: Communicator, path: Path, window: Window) -> None:
        self._communicator = communicator
        self._path = path
        self._process = os.getpid()
        self._recorder = Recorder(window, self._finish)
        self._done = False
        self._readings: list[Reading] = []
        self._generation = communicator.generation
        self._origin = 0

    def start(self) -> None:
        """Record from now on, until the window or the program ends. Every process must call it."""
        self._read_clocks()
        self._origin = self._communicator.bcast(time.perf_counter_ns())
        self._recorder.start()
        atexit.register(self._at_exit)
        hooks.before_end(self._save_part)

    def _at_exit(self) -> None:
        if os.getpid() == self._process and not self._done:
            self._recorder.stop()
            self._finish()

    def _finish(self) -> None:
        """Write the file. Every process must call it."""
        self._done = True
        try:
            problem = self._communicator.uniform(self._write_all)
        except Exception as error:  # whatever MPI says: no training ends for its trace
            sys.stderr.write(f"The trace {self._path} cannot be brought together: {type(error).__name__}: {error}\n")
            self._done = False
            self._save_part()
            return
        if problem is not None:
            say(f"The trace {self._path} was not written: {problem}", sys.stderr)
            return
        say(f"Trace of {self._extent()}: {self._path}. To see it: https://ui.perfetto.dev", sys.stderr)

    def _write_all(self) -> str | None:
        """Bring the events of all processes to rank 0, one process after the other; returns what went wrong there."""
        communicator = self._communicator
        self._read_clocks()
        own = np.frombuffer(zlib.compress(self._text().encode(), 1), np.uint8)
        lengths = communicator.allgather(len(own))

        def collect() -> Iterator[str]:
            for rank, length in enumerate(lengths):
                buffer = own.copy() if rank == communicator.rank else np.empty(length, np.uint8)
                communicator.Bcast(buffer, rank)
                if communicator.rank == 0:
                    yield zlib.decompress(buffer.tobytes()).decode()

        texts = collect()
        problem = None
        if communicator.rank == 0:
            try:
                write(self._path, texts)
            except OSError as error:
                problem = str(error)
        for _ in texts:  # the others wait for each part to be taken
            pass
        return problem

    def _read_clocks(self) -> None:
        """Add a reading, the last one, to the first."""
        reading = read_clocks(self._communicator)
        if self._generation != self._communicator.generation:  # rank 0 may be another now
            self._generation = self._communicator.generation
            self._readings.clear()
        self._readings[1:] = [reading]

    def _text(self) -> str:
        clock = RankClock(self._readings)
        host = socket.gethostname()
        lines = events(
            self._communicator.rank,
            host,
            self._recorder.threads(),
            _show,
            lambda at: clock.of_rank_0(at) - self._origin,
        )
        return ",\n".join(lines)

    def _extent(self) -> str:
        size = self._communicator.size
        who = f"{size} process{'es' if size > 1 else ''}, {self._recorder.steps} steps"
        if self._recorder.every > 1:
            who = f"{who} (one of {self._recorder.every}, to take no more than {SHARE:.0%} of the time)"
        if not self._recorder.full:
            return who
        return f"{who} (there is no room for more: choose others by DTRAIN_TRACE_STEPS=FIRST:STOP)"

    # -- when the program fails -----------------------------------------------------------------------------------

    def _save_part(self) -> None:
        """Write what this process has recorded: others may be gone, so nobody is asked for anything."""
        if self._done or os.getpid() != self._process:
            return
        self._done = True
        self._recorder.stop()
        rank = self._communicator.rank
        part = part_path(self._path, rank)
        write(part, [self._text()])
        if self._all_parts_come():
            if rank == 0:
                merge(self._path)
            else:
                _wait_while(part.exists, MERGE_S)  # whoever ends now ends all
        found = parts_of(self._path)
        if not found and rank == 0:
            sys.stderr.write(f"Trace of {self._extent()}: {self._path}\n")
        elif min(found, default=-1) == rank:
            sys.stderr.write(
                f"The trace is in parts, of ranks {', '.join(map(str, found))}: {part} and so on. "
                f"To put them together: python -m dtrain.timeline.merge {self._path}\n"
            )

    def _all_parts_come(self) -> bool:
        """Whether all other processes write their parts too, in the same folder, before long."""

        def missing() -> bool:
            return part_path(self._path, self._communicator.rank).exists() and len(parts_of(self._path)) < size

        size = self._communicator.size
        _wait_while(missing, PATIENCE_S)
        return not missing()


def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while condition() and time.monotonic() < until:
        time.sleep(0.02)


def _show(what: Any) -> Shown:
    if isinstance(what, PlanNode):
        facts = {
            "layer": what.layer,
            "reads": list(map(_describe, what.reads)),
            "writes": list(map(_describe, what.writes)),
        }
        return Shown(what.label, what.direction, facts)
    if isinstance(what, tuple):
        return Shown("step", "step", {"epoch": what[0], "step": what[1]})
    return Shown(what, "phase", {})


def _describe(spec: Spec) -> str:
    return f"{spec.dtype.name} {'x'.join(map(str, spec.shape))}".strip()
