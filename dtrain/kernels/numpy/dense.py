"""A matrix product with bias and activation: N rows, I inputs, O outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .elementwise import activate, scale_by_slope
from .windows import blocks

Array = NDArray[Any]

_CHUNK_BYTES = 1 << 18


def forward(x: Array, w: Array, b: Array, y: Array, *, activation: str) -> None:
    """y (N, O) = activation(x (N, I) @ w (I, O) + b (O,)), bias and activation in one pass."""
    np.matmul(x, w, out=y)
    for start, stop in blocks(len(y), _rows(y)):
        part = y[start:stop]
        np.add(part, b, out=part)
        activate(activation, part, part)


def backward(
    dy: Array, x: Array, w: Array, y: Array, g: Array, dx: Array | None, dw: Array | None, db: Array | None,
    *, activation: str,
) -> None:  # fmt: skip
    """The gradients that are wanted; `g` (N, O) is scratch."""
    if activation == "linear":
        g = dy
    else:
        rows = _rows(y)
        mask = np.empty((min(rows, len(y)), y.shape[1]), np.bool_)
        for start, stop in blocks(len(y), rows):
            scale_by_slope(activation, dy[start:stop], y[start:stop], g[start:stop], mask[: stop - start])
    if dw is not None:
        np.matmul(x.T, g, out=dw)
    if db is not None:
        np.matmul(np.ones(len(g), g.dtype), g, out=db)
    if dx is not None:
        np.matmul(g, w.T, out=dx)


def _rows(y: Array) -> int:
    return max(1, _CHUNK_BYTES // max(1, int(y.shape[1]) * y.itemsize))
