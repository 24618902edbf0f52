"""What a running step knows beyond its arrays: seed, position in training, this process's rows, collectives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .spec import Array


def _alone(array: Array) -> None:
    """The sum over one process: nothing to add."""


@dataclass
class StepContext:
    """Handed to the ops that ask for it. The trainer changes it; the ops only read it.

    `first_row` is the position of this process's first row in the global batch, so that what is random for a row
    depends on the row and not on the number of processes. `all_sum` adds an array over all processes, in place.
    `on_ready` is told the slice of the flat gradients that the backward pass has just completed. `rows` and
    `total_rows`, of this process and of the global batch, are set for steps that run op by op.
    """

    seed: int = 0
    epoch: int = 0
    step: int = 0
    first_row: int = 0
    rank: int = 0
    size: int = 1
    all_sum: Callable[[Array], None] = _alone
    on_ready: Callable[[slice], None] | None = None
    rows: int = 0
    total_rows: int = 0
