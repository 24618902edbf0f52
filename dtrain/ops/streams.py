"""Which random numbers a draw takes, and whose rows they are.

A draw takes its numbers from the stream (seed, kind of draw, name, epoch, step). While a model runs, the seed, epoch
and step are those of the step, and the name is the number of the draw in the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from dtrain.graph import Array, StepContext, draw_name
from dtrain.graph.trace import in_step
from dtrain.random.seed import SeedGenerator, check_seed, next_key

from .places import Places

Draw = Callable[..., Array]

_CHUNK_VALUES = 1 << 15


@dataclass(frozen=True, slots=True)
class Stream:
    """Whose numbers a draw takes. `seed` None: the step's; `fixed`: the same numbers in every step."""

    seed: int | None
    name: str
    fixed: bool = False

    def key(self, kind: str, context: StepContext) -> tuple[int, str, str, int, int]:
        seed = context.seed if self.seed is None else self.seed
        epoch, step = (0, 0) if self.fixed else (context.epoch, context.step)
        return seed, kind, self.name, epoch, step


def stream_of(name: str, seed: int | SeedGenerator | None) -> Stream:
    """The stream that a call with this `seed` argument draws from."""
    if isinstance(seed, SeedGenerator):
        if not in_step():
            return Stream(seed.next(), "", True)
        return Stream(seed.seed, draw_name())
    if seed is not None:
        return Stream(check_seed(name, seed), "", True)
    if not in_step():
        key = next_key("draw")
        return Stream(key.seed, key.name, True)
    return Stream(None, draw_name())


def fill_rows(out: Array, draw: Draw, key: Any, places: Places, context: StepContext) -> None:
    """Fill `out` with the rows of a table of draws; without rows of a batch, with the rows of its first axis."""
    table: Array = out if places.axis is None else np.moveaxis(out, places.axis, 0)
    if table.ndim == 0:
        table = table.reshape(1)
    size = prod(table.shape[1:])
    run = max(1, _CHUNK_VALUES // max(1, size))
    for start, first_row, count in places.runs(len(table), context):
        for at in range(0, count, run):
            part = table[start + at : start + min(at + run, count)]
            part[...] = draw(*key, first_row + at, len(part), size).reshape(part.shape)
