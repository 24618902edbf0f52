"""Normalization over the batch: sums over rows, and the affine map, in few passes over cache-sized chunks.

Values lie as (outer, C, inner) around the C features, with inner 1 where the features are on the last axis. Vectors of
features are then repeated to fill a long row, since a short last axis costs NumPy a call of its own for every few
values. Sums over rows are taken in the dtype of the values inside a chunk and in float64 over the chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CHUNK_BYTES = 1 << 18
_ROW_VALUES = 4096


class Features:
    """Values around one axis of features, cut into chunks along their first axis."""

    def __init__(self, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any]) -> None:
        self.features = shape[axis]
        outer, inner = prod(shape[:axis]), prod(shape[axis + 1 :])
        self.last = inner == 1
        self.repeats = repeats(outer, self.features) if self.last else 1
        self.shape = (
            (outer // self.repeats, self.repeats * self.features) if self.last else (outer, self.features, inner)
        )
        self.dtype = dtype
        row_bytes = prod(self.shape[1:]) * dtype.itemsize
        self.rows = max(1, min(self.shape[0], _CHUNK_BYTES // max(1, row_bytes)))
        self.work = np.empty((self.rows, *self.shape[1:]), dtype)
        self._ones = np.ones(self.rows, dtype)

    def chunks(self, *arrays: Array) -> Iterator[tuple[Array, ...]]:
        """Corresponding chunks of arrays of the whole shape, and a work array like them."""
        views = [a.reshape(self.shape) for a in arrays]
        for start in range(0, self.shape[0], self.rows):
            cut = [v[start : start + self.rows] for v in views]
            yield *cut, self.work[: len(cut[0])]

    def spread(self, vector: Array) -> Array:
        """A vector (C,) in a shape that broadcasts against a chunk."""
        values = vector.astype(self.dtype)
        return np.tile(values, self.repeats) if self.last else values[:, None]

    def sum(self, values: Array) -> Array:
        """The sum (C,) of a chunk over everything but its features, in float64."""
        if self.last:
            sums = self._ones[: len(values)] @ values
            return sums.reshape(self.repeats, -1).sum(axis=0, dtype=np.float64)  # type: ignore[no-any-return]
        return values.sum(axis=2).sum(axis=0, dtype=np.float64)  # type: ignore[no-any-return]


@lru_cache(maxsize=512)
def repeats(rows: int, features: int) -> int:
    """The largest divisor of `rows` that makes no more than `_ROW_VALUES` values of so many rows."""
    limit = max(1, min(rows, _ROW_VALUES // max(1, features)))
    return next(d for d in range(limit, 0, -1) if rows % d == 0)


def mean_part(x: Array, part: Array, *, axis: int, count: int) -> None:
    """part (C,) = sum of x over all but the features / count."""
    features = Features(x.shape, axis, x.dtype)
    total = np.zeros(features.features)
    for values, _ in features.chunks(x):
        total += features.sum(values)
    part[...] = total / max(1, count)


def variance_part(x: Array, mean: Array, part: Array, *, axis: int, count: int) -> None:
    """part (C,) = sum of (x - mean)**2 over all but the features / count."""
    features = Features(x.shape, axis, x.dtype)
    centre, total = features.spread(mean), np.zeros(features.features)
    for values, work in features.chunks(x):
        np.subtract(values, centre, out=work)
        np.multiply(work, work, out=work)
        total += features.sum(work)
    part[...] = total / max(1, count)


def statistics_gradient(
    dy: Array, dmean: Array, dvariance: Array, x: Array, mean: Array, dx: Array, *, axis: int, count: int
) -> None:
    """dx = dy + (dmean + 2 (x - mean) dvariance) / count, where dmean and dvariance are whole sums. dx may be dy."""
    features = Features(x.shape, axis, x.dtype)
    slope = dvariance * (2 / max(1, count))
    factor, shift = features.spread(slope), features.spread(dmean / max(1, count) - mean * slope)
    for g, values, out, work in features.chunks(dy, x, dx):
        np.multiply(values, factor, out=work)
        np.add(work, shift, out=work)
        np.add(g, work, out=out)


def scale_of(variance: Array, epsilon: float) -> Array:
    """1 / sqrt(variance + epsilon)"""
    return 1 / np.sqrt(variance + variance.dtype.type(epsilon))  # type: ignore[no-any-return]


def affine(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, y: Array, *, axis: int, epsilon: float
) -> None:
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta. y may be x."""
    features = Features(x.shape, axis, x.dtype)
    centre, factor = features.spread(mean), features.spread(scale_of(variance, epsilon) * gamma)
    shift = features.spread(beta)
    for values, out, _ in features.chunks(x, y):
        np.subtract(values, centre, out=out)
        np.multiply(out, factor, out=out)
        np.add(out, shift, out=out)


def affine_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array,
    dx: Array | None, dmean: Array | None, dvariance: Array | None, dgamma: Array | None, dbeta: Array | None,
    *, axis: int, epsilon: float,
) -> None:  # fmt: skip
    """The gradients of `affine` that are wanted, those of vectors summed over these rows. dx may be dy."""
    features = Features(x.shape, axis, x.dtype)
    scale = scale_of(variance, epsilon)
    centre, factor = features.spread(mean), features.spread(scale * gamma)
    vectors = any(v is not None for v in (dmean, dvariance, dgamma, dbeta))
    total, product = np.zeros(features.features), np.zeros(features.features)
    for g, values, out, work in features.chunks(dy, x, dy if dx is None else dx):
        if vectors:
            total += features.sum(g)
            np.subtract(values, centre, out=work)
            np.multiply(work, g, out=work)
            product += features.sum(work)
        if dx is not None:
            np.multiply(g, factor, out=out)
    if dbeta is not None:
        dbeta[...] = total
    if dgamma is not None:
        dgamma[...] = product * scale
    if dmean is not None:
        dmean[...] = -total * scale * gamma
    if dvariance is not None:
        dvariance[...] = -0.5 * product * scale**3 * gamma
