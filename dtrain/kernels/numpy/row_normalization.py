"""Normalization of every row by itself: x (M, D), by its mean and variance, or by its mean square alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CHUNK_BYTES = 1 << 18


def _blocks(x: Array) -> Iterator[slice]:
    rows = max(1, _CHUNK_BYTES // max(1, x.shape[1] * x.itemsize))
    for start in range(0, len(x), rows):
        yield slice(start, min(start + rows, len(x)))


def normalize_rows(
    x: Array, gamma: Array, beta: Array, y: Array, mean: Array, scale: Array, *, center: bool, epsilon: float
) -> None:
    """y = (x - mean) * scale * gamma + beta with scale = 1 / sqrt(mean of (x - mean)**2 + epsilon), for every row.

    Without `center`, the mean is taken as 0. gamma, beta (D,); mean, scale (M,).
    """
    share = np.full(x.shape[1], 1 / max(1, x.shape[1]), x.dtype)
    squares = np.empty((max((s.stop - s.start for s in _blocks(x)), default=0), x.shape[1]), x.dtype)
    for rows in _blocks(x):
        out, work = y[rows], squares[: rows.stop - rows.start]
        if center:
            np.matmul(x[rows], share, out=mean[rows])
            np.subtract(x[rows], mean[rows, None], out=out)
        else:
            mean[rows] = 0
            np.copyto(out, x[rows])
        np.multiply(out, out, out=work)
        np.matmul(work, share, out=scale[rows])
        scale[rows] += epsilon
        np.sqrt(scale[rows], out=scale[rows])
        np.reciprocal(scale[rows], out=scale[rows])
        np.multiply(out, scale[rows, None], out=out)
        np.multiply(out, gamma, out=out)
        np.add(out, beta, out=out)


def normalize_rows_gradient(
    dy: Array, x: Array, gamma: Array, mean: Array, scale: Array,
    dx: Array | None, dgamma: Array | None, dbeta: Array | None, *, center: bool,
) -> None:  # fmt: skip
    """The gradients that are wanted. dx may be dy.

    With n the normalized row and g = dy * gamma: `dx = scale * (g - mean(g) - n * mean(g * n))`, without `center`
    `dx = scale * (g - n * mean(g * n))`.
    """
    width = x.shape[1]
    share = np.full(width, 1 / max(1, width), x.dtype)
    size = max((s.stop - s.start for s in _blocks(x)), default=0)
    normal, work = np.empty((size, width), x.dtype), np.empty((size, width), x.dtype)
    ones, total, product = np.ones(size, x.dtype), np.zeros(width), np.zeros(width)
    for rows in _blocks(x):
        count = rows.stop - rows.start
        g, n, t = dy[rows], normal[:count], work[:count]
        np.subtract(x[rows], mean[rows, None], out=n)
        np.multiply(n, scale[rows, None], out=n)
        if dbeta is not None:
            total += ones[:count] @ g
        if dgamma is not None:
            np.multiply(g, n, out=t)
            product += ones[:count] @ t
        if dx is not None:
            out = dx[rows]
            np.multiply(g, gamma, out=out)
            np.multiply(out, n, out=t)
            np.multiply(n, (t @ share)[:, None], out=n)
            if center:
                np.add(n, (out @ share)[:, None], out=n)
            np.subtract(out, n, out=out)
            np.multiply(out, scale[rows, None], out=out)
    if dbeta is not None:
        dbeta[...] = total
    if dgamma is not None:
        dgamma[...] = product
