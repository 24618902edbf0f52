"""Batches with a NaN in them, where `DTRAIN_FAULT` wants one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from dtrain.graph.nest import map_structure
from dtrain.timeline import faults

from .data import Batch


def spoiled(batches: Iterable[Batch]) -> Iterable[Batch]:
    """Return `batches`; if a fault of kind "nan" is wanted in this process, it can strike each as its step begins."""
    found = faults.installed
    return batches if found is None or "nan" not in found.kinds else _spoiled(batches, found)


def _spoiled(batches: Iterable[Batch], found: faults.Faults) -> Iterator[Batch]:
    for batch in batches:
        found.spoil = partial(_spoil, batch)
        yield batch


def _spoil(batch: Batch) -> None:
    """Put a NaN into the first row of inputs and targets, of copies: the arrays may be the user's own."""

    def with_nan(array: object) -> object:
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or not array.size:
            return array
        copy = array.copy()
        copy.flat[0] = np.nan
        return copy

    batch.x, batch.y = map_structure(with_nan, batch.x), map_structure(with_nan, batch.y)
