"""Activations that fused kernels apply to a chunk in the cache, and their slopes as functions of the output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FUSIBLE = ("linear", "relu", "sigmoid", "tanh")
"""Activations that never fall and whose slope can be told from their output."""


def positive_part(x: Array, y: Array) -> None:
    """y = max(x, 0). `y` may be `x`."""
    if x.dtype.kind == "f":
        np.clip(x, 0, np.inf, out=y)  # several times as fast as maximum with a number
    else:
        np.maximum(x, 0, out=y)


def negative_part(x: Array, y: Array) -> None:
    """y = min(x, 0). `y` may be `x`."""
    if x.dtype.kind == "f":
        np.clip(x, -np.inf, 0, out=y)
    else:
        np.minimum(x, 0, out=y)


def sigmoid(x: Array, y: Array) -> None:
    """y = 1 / (1 + exp(-x)), with all digits at both ends. `y` may be `x`."""
    with np.errstate(over="ignore"):  # exp(-x) = inf gives 0
        np.exp(np.negative(x, out=y), out=y)
    np.divide(1, np.add(y, 1, out=y), out=y)


def activate(activation: str, x: Array, y: Array) -> None:
    """y = activation(x). `y` may be `x`."""
    if activation == "relu":
        positive_part(x, y)
    elif activation == "sigmoid":
        sigmoid(x, y)
    elif activation == "tanh":
        np.tanh(x, out=y)
    elif y is not x:
        np.copyto(y, x)


def scale_by_slope(activation: str, dy: Array, y: Array, dx: Array, mask: Array) -> None:
    """dx = dy * activation'(x), told from y = activation(x). `mask` is a boolean scratch array of y's shape."""
    if activation == "relu":
        np.greater(y, 0, out=mask)
        np.multiply(dy, mask, out=dx)
    elif activation == "sigmoid":
        np.subtract(1, y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, dy, out=dx)
    elif activation == "tanh":
        np.multiply(y, y, out=dx)
        np.subtract(1, dx, out=dx)
        np.multiply(dx, dy, out=dx)
    else:
        np.copyto(dx, dy)
