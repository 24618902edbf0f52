"""Constraints on norms of parts of a variable, and on signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.config import epsilon
from dtrain.graph import Array

from .constraint import Constraint

Axis = int | Sequence[int]


def _norms(w: Array, axis: Axis) -> Array:
    axes = axis if isinstance(axis, int) else tuple(axis)
    norms: Array = np.sqrt(np.sum(np.square(w), axis=axes, keepdims=True))
    return norms


class MaxNorm(Constraint):
    """`w *= clip(norm, 0, max_value) / (epsilon + norm)`, norm = `sqrt(sum(w * w, axis))`.

    Srivastava et al. 2014, "Dropout", section 5.1.

    Args:
        max_value: the largest norm.
        axis: axes over which a norm is taken: 0 for the incoming weights of each unit of a Dense kernel, (0, 1, 2)
            for those of each filter of a Conv2D kernel.
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def project(self, w: Array) -> None:
        norms = _norms(w, self.axis)
        w *= np.clip(norms, 0, self.max_value) / (epsilon() + norms)

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """`w = max(w, 0)`"""

    def project(self, w: Array) -> None:
        np.maximum(w, 0, out=w)


class UnitNorm(Constraint):
    """`w /= epsilon + norm`, norm = `sqrt(sum(w * w, axis))`.

    Args:
        axis: axes over which a norm is taken, as for `MaxNorm`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def project(self, w: Array) -> None:
        w /= epsilon() + _norms(w, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """`w *= (rate * clip(norm, min_value, max_value) + (1 - rate) * norm) / (epsilon + norm)`

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: how far towards the nearest allowed norm a step goes; 1: all the way.
        axis: axes over which a norm is taken, as for `MaxNorm`.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def project(self, w: Array) -> None:
        norms = _norms(w, self.axis)
        wanted = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        w *= wanted / (epsilon() + norms)

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}
