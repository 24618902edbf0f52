"""Softmax and its gradient along the last axis, vectorised; along another one, and its logarithm, as NumPy does it."""

from __future__ import annotations

from dtrain.kernels.numpy import softmax as reference
from dtrain.kernels.numpy.softmax import Array, inner, log_softmax, log_softmax_gradient

from . import _native

__all__ = ["inner", "log_softmax", "log_softmax_gradient", "softmax", "softmax_gradient"]


def softmax(x: Array, y: Array, row: Array, axis: int) -> None:
    if axis not in (-1, x.ndim - 1) or not _native.softmax(x, y, x.shape[-1]):
        reference.softmax(x, y, row, axis)


def softmax_gradient(dy: Array, y: Array, dx: Array, row: Array, axis: int) -> None:
    if axis not in (-1, y.ndim - 1) or not _native.softmax_gradient(dy, y, dx, y.shape[-1]):
        reference.softmax_gradient(dy, y, dx, row, axis)
