"""What a step works on: runs of values with their gradients and state, cut into pieces that fit in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dtrain.graph import Array, Parameters, Variable

from .slots import Slots

CHUNK = 1 << 15  # values; six arrays of them in float32 are 768 KiB, within the second-level cache of current cores


@dataclass(slots=True)
class Run:
    """One-dimensional arrays of one length; `variable` is the one they belong to, None for a run over several."""

    values: Array
    gradients: Array
    slots: dict[str, Array]
    variable: Variable | None = None

    def pieces(self) -> Iterator[tuple[Array, Array, dict[str, Array]]]:
        """Values, gradients and state of at most CHUNK elements at a time."""
        size = self.values.size
        if size <= CHUNK:
            yield self.values, self.gradients, self.slots
            return
        for start in range(0, size, CHUNK):
            part = slice(start, min(start + CHUNK, size))
            slots = {name: array[part] for name, array in self.slots.items()}
            yield self.values[part], self.gradients[part], slots


def whole_run(parameters: Parameters, slots: Slots, region: slice) -> list[Run]:
    """A region of the flat arrays as one run."""
    state = {name: array[region] for name, array in slots.flat.items()}
    return [Run(parameters.values[region], parameters.gradients[region], state)]


def runs_by_variable(parameters: Parameters, slots: Slots, region: slice) -> list[Run]:
    """The part of each variable that lies in a region."""
    runs = []
    for variable, where in zip(parameters.variables, parameters.slices, strict=True):
        part = slice(max(where.start, region.start), min(where.stop, region.stop))
        if part.start < part.stop:
            state = {name: array[part] for name, array in slots.flat.items()}
            runs.append(Run(parameters.values[part], parameters.gradients[part], state, variable))
    return runs


def loose_runs(gradients: Sequence[Array], variables: Iterable[Variable], slots: Slots) -> list[Run]:
    """One run per variable, wherever it lies; the gradients are copied.

    Raises:
        ValueError: for a gradient of another shape than its variable.
    """
    runs = []
    for gradient, variable in zip(gradients, variables, strict=True):
        if gradient.shape != variable.shape:
            raise ValueError(
                f"{variable.path}: expected a gradient of shape {variable.shape}. Received: {gradient.shape}"
            )
        own = np.array(gradient, dtype=variable.dtype, order="C").reshape(-1)
        runs.append(Run(variable.array.reshape(-1), own, slots.rows(variable), variable))
    return runs
