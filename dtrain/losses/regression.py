"""Distances between numbers, one value for each row: the mean (or sum) over the last axis."""

from __future__ import annotations

import math
from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor

from .shapes import matched


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(square(y_true - y_pred), axis=-1)`"""
    y_true, y_pred = matched("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(abs(y_true - y_pred), axis=-1)`"""
    y_true, y_pred = matched("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """`100 * mean(abs((y_true - y_pred) / max(abs(y_true), epsilon)), axis=-1)`"""
    y_true, y_pred = matched("mean_absolute_percentage_error", y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), config.epsilon())
    return ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1) * 100.0  # type: ignore[no-any-return]


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(square(log(y_true + 1) - log(y_pred + 1)), axis=-1)`, where values below epsilon count as epsilon."""
    y_true, y_pred = matched("mean_squared_logarithmic_error", y_true, y_pred)
    first = ops.log(ops.maximum(y_pred, config.epsilon()) + 1.0)
    second = ops.log(ops.maximum(y_true, config.epsilon()) + 1.0)
    return ops.mean(ops.square(first - second), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """The mean over the last axis of `e**2 / 2` where `|e| <= delta`, else `delta * |e| - delta**2 / 2`.

    Huber, 1964, Robust Estimation of a Location Parameter.
    """
    y_true, y_pred = matched("huber", y_true, y_pred)
    error = y_pred - y_true
    size = ops.abs(error)
    near, far = ops.square(error) * 0.5, size * delta - 0.5 * delta**2
    return ops.mean(ops.where(size <= delta, near, far), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(log(cosh(y_pred - y_true)), axis=-1)`, computed so that it does not overflow."""
    y_true, y_pred = matched("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(error * -2.0) - math.log(2.0), axis=-1)


def unit_vectors(x: Tensor, axis: int) -> Tensor:
    """`x / max(|x|, epsilon)` with the Euclidean norm along `axis`."""
    norm = ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), config.epsilon() ** 2))
    return x * norm  # type: ignore[no-any-return]


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between the vectors along `axis`: -1 where they point the same way."""
    y_true, y_pred = matched("cosine_similarity", y_true, y_pred)
    return ops.negative(ops.sum(unit_vectors(y_true, axis) * unit_vectors(y_pred, axis), axis=axis))
