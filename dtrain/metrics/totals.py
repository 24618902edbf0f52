"""The parts of several metrics in one vector, so that one sum over processes serves them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from dtrain.graph import Array, Variable

from .metric import Metric


def parts_of(metrics: Iterable[Metric]) -> list[Variable]:
    """The variables of the metrics that hold this process's part of a sum, each once."""
    return list({id(v): v for metric in metrics for v in metric.parts}.values())


def pack_parts(metrics: Iterable[Metric]) -> Array:
    """This process's parts, one after the other, as one float64 vector: to be added over the processes."""
    arrays = [v.array.ravel() for v in parts_of(metrics)]
    return np.concatenate(arrays) if arrays else np.zeros(0)


@contextmanager
def totals(metrics: Iterable[Metric], sums: Array) -> Iterator[None]:
    """Within the block, the metrics' variables show `sums` (a vector as packed by `pack_parts`, added over processes).

    So `metric.result()` is that of all processes. What the variables hold themselves is not touched; no step may run
    within the block.

    Raises:
        ValueError: when the vector is not as long as the parts.
    """
    variables = parts_of(metrics)
    size = sum(v.array.size for v in variables)
    if sums.shape != (size,):
        raise ValueError(f"totals: expected a vector of {size} sums. Received: shape {sums.shape}")
    held = [v.array for v in variables]
    start = 0
    try:
        for variable in variables:
            stop = start + variable.array.size
            variable.array = sums[start:stop].reshape(variable.shape)
            start = stop
        yield
    finally:
        for variable, array in zip(variables, held, strict=True):
            variable.array = array
