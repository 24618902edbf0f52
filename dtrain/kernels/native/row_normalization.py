"""Normalization of every row by itself, a row at a time."""

from __future__ import annotations

from dtrain.kernels.numpy import row_normalization as reference
from dtrain.kernels.numpy.row_normalization import Array

from . import _native


def normalize_rows(
    x: Array, gamma: Array, beta: Array, y: Array, mean: Array, scale: Array, *, center: bool, epsilon: float
) -> None:
    if not _native.normalize_rows(x, gamma, beta, y, mean, scale, center, epsilon):
        reference.normalize_rows(x, gamma, beta, y, mean, scale, center=center, epsilon=epsilon)


def normalize_rows_gradient(
    dy: Array, x: Array, gamma: Array, mean: Array, scale: Array,
    dx: Array | None, dgamma: Array | None, dbeta: Array | None, *, center: bool,
) -> None:  # fmt: skip
    if not _native.normalize_rows_gradient(dy, x, gamma, mean, scale, dx, dgamma, dbeta, center):
        reference.normalize_rows_gradient(dy, x, gamma, mean, scale, dx, dgamma, dbeta, center=center)
