"""Passes over many values that belong to no one family of ops: sums of arrays, masks, bytes as numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CHUNK = 1 << 15  # values at a time, so that a running sum stays in the cache


def add_terms(terms: list[Array], y: Array) -> None:
    """y = the sum of two or more one-dimensional terms, added in their order. `y` may be one of them."""
    running = np.empty(min(_CHUNK, y.size), y.dtype)
    for start in range(0, y.size, _CHUNK):
        part = slice(start, min(start + _CHUNK, y.size))
        total = running[: part.stop - part.start]
        np.add(terms[0][part], terms[1][part], out=total)
        for term in terms[2:]:
            np.add(total, term[part], out=total)
        y[part] = total


def apply_mask(x: Array, mask: Array, scale: float, y: Array) -> None:
    """y = x * mask * scale, where the boolean mask is broadcast to x. `y` may be `x`."""
    np.multiply(x, mask, out=y)
    np.multiply(y, scale, out=y)


def scaled(x: Array, scale: float, y: Array) -> None:
    """y = x * scale, for `x` of any dtype and float `y`, as if x had been converted before."""
    np.multiply(x, y.dtype.type(scale), out=y, dtype=y.dtype)


def all_finite(x: Array) -> bool:
    """Whether no value of one-dimensional x is NaN or infinite."""
    # Whatever is not finite shows in the sum of squares, which takes less time than looking at each value. The sum of
    # very large values overflows too: only then each is looked at.
    with np.errstate(all="ignore"):
        return math.isfinite(np.dot(x, x)) or bool(np.isfinite(x).all())
