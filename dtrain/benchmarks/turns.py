"""Sides that take turns, round by round, so that a machine whose speed drifts treats them alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from .sides import Side


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    task: str
    model: str
    batch: int
    threads: int


class Turns:
    """A process of one side that measures when told to; a context manager that ends it."""

    def __init__(self, side: Side, case: Case, steps: int) -> None:
        numbers = (case.batch, steps, case.threads)
        command = [sys.executable, "-m", "dtrain.benchmarks.worker", side.name, case.task, case.model]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [*command, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=side.environment(case.threads),
        )
        self._side = side

    def __enter__(self) -> Turns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def wait(self) -> None:
        """Return when the side is prepared.

        Raises:
            RuntimeError: the process has ended; with what it wrote.
        """
        while self._line() != "ready":
            pass  # what libraries print when they are loaded

    def seconds(self) -> float:
        """Let the side have a turn."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.write("turn\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"{self._side.described} ended:\n{self._errors.read()[-2000:]}")
        return line.strip()


def measure(case: Case, sides: Sequence[Side], rounds: int, steps: int) -> list[dict[str, float]]:
    """Return for each round the seconds of a batch by the name of the side."""
    with ExitStack() as stack:
        turns = {}
        for side in sides:  # one after the other: while one gets ready, none measures
            turns[side.name] = stack.enter_context(Turns(side, case, steps))
            turns[side.name].wait()
        return [{name: turn.seconds() for name, turn in turns.items()} for _ in range(rounds)]


def median(rounds: Sequence[dict[str, float]], name: str) -> float:
    """The median over the rounds."""
    return statistics.median(r[name] for r in rounds)


def ratio(rounds: Sequence[dict[str, float]], fast: str, slow: str) -> float:
    """How many times as long `slow` takes as `fast`: the median of the rounds' ratios."""
    return statistics.median(r[slow] / r[fast] for r in rounds)
