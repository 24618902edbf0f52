"""Exponential moving averages of values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dtrain.graph import Array

from .runs import CHUNK

Pairs = Iterable[tuple[Array, Array]]  # values and their averages, one-dimensional and of one length


def update(pairs: Pairs, momentum: float) -> None:
    """`average = momentum * average + (1 - momentum) * value`"""
    for values, averages in pairs:
        scratch = np.empty(min(values.size, CHUNK), values.dtype)
        for start in range(0, values.size, CHUNK):
            value, average = values[start : start + CHUNK], averages[start : start + CHUNK]
            average *= momentum
            average += np.multiply(value, 1 - momentum, out=scratch[: value.size])


def overwrite(pairs: Pairs) -> None:
    """`value = average`"""
    for values, averages in pairs:
        values[...] = averages
