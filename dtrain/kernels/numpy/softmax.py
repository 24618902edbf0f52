"""Softmax and its logarithm along one axis. `row` arrays have length 1 along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softmax(x: Array, y: Array, row: Array, axis: int) -> None:
    """y = exp(x) / sum(exp(x)), without overflow. `y` may be `x`."""
    np.maximum.reduce(x, axis=axis, keepdims=True, out=row)
    np.exp(np.subtract(x, row, out=y), out=y)
    np.add.reduce(y, axis=axis, keepdims=True, out=row)
    np.divide(y, row, out=y)


def softmax_gradient(dy: Array, y: Array, dx: Array, row: Array, axis: int) -> None:
    """dx = y * (dy - sum(dy * y)). `dx` may be `dy`."""
    inner(dy, y, row, axis)
    np.multiply(np.subtract(dy, row, out=dx), y, out=dx)


def log_softmax(x: Array, y: Array, row: Array, exponentials: Array, axis: int) -> None:
    """y = x - log(sum(exp(x))), without overflow. `y` may be `x`."""
    np.maximum.reduce(x, axis=axis, keepdims=True, out=row)
    np.subtract(x, row, out=y)
    np.add.reduce(np.exp(y, out=exponentials), axis=axis, keepdims=True, out=row)
    np.subtract(y, np.log(row, out=row), out=y)


def log_softmax_gradient(dy: Array, y: Array, dx: Array, row: Array, axis: int) -> None:
    """dx = dy - exp(y) * sum(dy). `dx` must not be `dy`."""
    np.add.reduce(dy, axis=axis, keepdims=True, out=row)
    np.multiply(np.exp(y, out=dx), row, out=dx)
    np.subtract(dy, dx, out=dx)


def inner(a: Array, b: Array, row: Array, axis: int) -> None:
    """row = sum(a * b) along the axis, without an array for the product."""
    np.einsum("...c,...c->...", np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1), out=row.squeeze(axis))
