"""Where the rows of a value that a process holds are among the rows of all processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dtrain.graph import Spec, StepContext
from dtrain.graph.trace import batch_rows


@dataclass(frozen=True, slots=True)
class Places:
    """Which rows of a whole value are those of a process: along `axis` (None: all of them), of `parts` rows each.

    `batch_rows` are those of the global batch, of which the process has a run (0: it has all of them).
    """

    axis: int | None
    parts: tuple[int, ...]
    batch_rows: int

    def runs(self, rows: int, context: StepContext) -> Iterator[tuple[int, int, int]]:
        """For each part of the `rows` of this process: its first row there and in the whole value, and its length."""
        total = sum(self.parts)
        if self.axis is None or not self.batch_rows or not total:
            yield 0, 0, rows
            return
        start = first = 0
        for length in self.parts:
            own = rows * length // total
            yield start, first + context.first_row * length // self.batch_rows, own
            start, first = start + own, first + length


def places_of(spec: Spec) -> Places:
    """Where the rows of a value are in the step that is traced or run."""
    return Places(spec.batch, spec.parts, batch_rows())
