"""A matrix product by the BLAS of NumPy, with bias and activation, or their gradients, in one pass."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy import dense as reference
from dtrain.kernels.numpy.dense import Array

from . import _native
from .elementwise import ACTIVATIONS


def forward(x: Array, w: Array, b: Array, y: Array, *, activation: str) -> None:
    if y.dtype != np.float32:
        reference.forward(x, w, b, y, activation=activation)
        return
    np.matmul(x, w, out=y)
    if not _native.bias_activate(ACTIVATIONS[activation], b, y):
        reference.forward(x, w, b, y, activation=activation)


def backward(
    dy: Array, x: Array, w: Array, y: Array, g: Array, dx: Array | None, dw: Array | None, db: Array | None,
    *, activation: str,
) -> None:  # fmt: skip
    linear = activation == "linear"
    sums = np.empty(dy.shape[1], dy.dtype) if db is None else db
    if not _native.slope_sum(ACTIVATIONS[activation], dy, None if linear else y, None if linear else g, sums):
        reference.backward(dy, x, w, y, g, dx, dw, db, activation=activation)
        return
    slopes = dy if linear else g
    if dw is not None:
        np.matmul(x.T, slopes, out=dw)
    if dx is not None:
        np.matmul(slopes, w.T, out=dx)
