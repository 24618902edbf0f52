"""Normalization over the batch, one pass each, for features on the last axis; along another one as NumPy does it."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy import normalization as reference
from dtrain.kernels.numpy.normalization import Array, Features, repeats, scale_of

from . import _native

__all__ = [
    "Features", "affine", "affine_gradient", "mean_part", "repeats", "scale_of", "statistics_gradient",
    "variance_part",
]  # fmt: skip


def _is_last(x: Array, axis: int) -> bool:
    return axis == x.ndim - 1


def mean_part(x: Array, part: Array, *, axis: int, count: int) -> None:
    if not (_is_last(x, axis) and _native.column_sums(x, None, 1 / max(1, count), part)):
        reference.mean_part(x, part, axis=axis, count=count)


def variance_part(x: Array, mean: Array, part: Array, *, axis: int, count: int) -> None:
    if not (_is_last(x, axis) and _native.column_sums(x, mean, 1 / max(1, count), part)):
        reference.variance_part(x, mean, part, axis=axis, count=count)


def statistics_gradient(
    dy: Array, dmean: Array, dvariance: Array, x: Array, mean: Array, dx: Array, *, axis: int, count: int
) -> None:
    slope, shift = dvariance * (2 / max(1, count)), dmean / max(1, count)
    if not (_is_last(x, axis) and _native.add_affine(dy, x, mean, slope, shift, dx)):
        reference.statistics_gradient(dy, dmean, dvariance, x, mean, dx, axis=axis, count=count)


def affine(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, y: Array, *, axis: int, epsilon: float
) -> None:
    factor = scale_of(variance, epsilon) * gamma
    if not (_is_last(x, axis) and _native.affine(x, mean, factor, beta, y)):
        reference.affine(x, mean, variance, gamma, beta, y, axis=axis, epsilon=epsilon)


def affine_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array,
    dx: Array | None, dmean: Array | None, dvariance: Array | None, dgamma: Array | None, dbeta: Array | None,
    *, axis: int, epsilon: float,
) -> None:  # fmt: skip
    scale = scale_of(variance, epsilon)
    total, product = np.empty(x.shape[axis]), np.empty(x.shape[axis])
    if not (_is_last(x, axis) and _native.gradient_sums(dy, x, mean, scale * gamma, dx, total, product)):
        reference.affine_gradient(
            dy, x, mean, variance, gamma, dx, dmean, dvariance, dgamma, dbeta, axis=axis, epsilon=epsilon
        )
        return
    if dbeta is not None:
        dbeta[...] = total
    if dgamma is not None:
        dgamma[...] = product * scale
    if dmean is not None:
        dmean[...] = -total * scale * gamma
    if dvariance is not None:
        dvariance[...] = -0.5 * product * scale**3 * gamma
