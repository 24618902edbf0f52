"""Normalizations, by the ops that they are made of."""

from __future__ import annotations

from dtrain.graph import Tensor

from ..elementwise import rsqrt, square
from ..joining import stack
from ..normalization import Affine, BatchStatistics, RowNormalization
from ..reduction import mean as mean_of
from ..reduction import sum, sum_rows
from ..shaping import reshape
from .rules import composed


def _row_normalization(x: Tensor, gamma: Tensor, beta: Tensor, axes: int, center: bool, epsilon: float) -> Tensor:
    last = tuple(range(x.ndim - axes, x.ndim))
    moved = x - mean_of(x, last, keepdims=True) if center else x
    return moved * rsqrt(mean_of(square(moved), last, keepdims=True) + epsilon) * gamma + beta  # type: ignore[no-any-return]


def _statistics(x: Tensor, axis: int, count: int) -> tuple[Tensor, Tensor]:
    others = tuple(k for k in range(x.ndim) if k != axis)
    distance = x - sum(x, others, keepdims=True) / count
    return x, stack([sum_rows(x, others) / count, sum_rows(square(distance), others) / count])


def _affine(
    x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor, axis: int, epsilon: float
) -> Tensor:
    shape = [-1 if k == axis else 1 for k in range(x.ndim)]
    m, v, g, b = (reshape(vector, shape) for vector in (mean, variance, gamma, beta))
    return (x - m) * rsqrt(v + epsilon) * g + b  # type: ignore[no-any-return]


composed(RowNormalization, _row_normalization)
composed(BatchStatistics, _statistics)
composed(Affine, _affine)
