"""What ops on stacks of matrices share: their specs, transposes, and the rule for square ones. N M rows and columns."""

from __future__ import annotations

import numpy as np

from dtrain.graph import Array, Spec

from .elementwise import float_dtype
from .rows import require_whole_rows


def stacked(name: str, x: Spec, *tail: int) -> Spec:
    """The spec of a float result with the stack axes of x (..., N, M) and the last axes `tail`.

    Raises:
        ValueError: x has fewer than two axes, or a matrix would hold rows of the batch that are divided.
    """
    if x.ndim < 2:
        raise ValueError(f"{name}: expected matrices, of shape (..., N, M). Received: shape {x.global_shape}")
    require_whole_rows(name, x, (x.ndim - 2, x.ndim - 1))
    batch = x.batch if x.batch is not None and x.batch < x.ndim - 2 else None
    return Spec((*x.shape[:-2], *tail), float_dtype(x.dtype), batch, x.total if batch is not None else 0)


def square(name: str, x: Spec, *tail: int) -> Spec:
    """As `stacked`, of square matrices.

    Raises:
        ValueError: they are not square.
    """
    if x.ndim >= 2 and x.global_shape[-1] != x.global_shape[-2]:
        raise ValueError(f"{name}: expected square matrices, of shape (..., N, N). Received: shape {x.global_shape}")
    return stacked(name, x, *tail)


def transposed(x: Array) -> Array:
    """The matrices transposed: a view."""
    return np.swapaxes(x, -1, -2)


def floats(x: Array) -> Array:
    """x as an array of floats, for functions of NumPy that would go over to float64 otherwise."""
    return x.astype(float_dtype(x.dtype), copy=False)


def or_zeros(gradient: Array | None, like: Array) -> Array:
    """The gradient of one of several outputs: zeros where nobody uses that output."""
    return np.zeros_like(like) if gradient is None else gradient
