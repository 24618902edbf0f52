"""Margins between classes, one value for each row."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import Tensor

from .shapes import matched


def signed_labels(y_true: Tensor) -> Tensor:
    """Labels as -1 and 1: `2 * y - 1` if all labels of the global batch are 0 or 1, else as they are."""
    other = ops.logical_not(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    others = ops.sum(ops.cast(other, y_true.dtype))
    return ops.where(ops.equal(others, 0), y_true * 2.0 - 1.0, y_true)  # type: ignore[no-any-return]


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(maximum(1 - y_true * y_pred, 0), axis=-1)` with labels -1 and 1 (0 and 1 are converted)."""
    y_true, y_pred = matched("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - signed_labels(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(square(maximum(1 - y_true * y_pred, 0)), axis=-1)` with labels -1 and 1 (0 and 1 are converted)."""
    y_true, y_pred = matched("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - signed_labels(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`maximum(neg - pos + 1, 0)` with `pos = sum(y_true * y_pred)` and `neg = max((1 - y_true) * y_pred)`."""
    y_true, y_pred = matched("categorical_hinge", y_true, y_pred)
    pos = ops.sum(y_true * y_pred, axis=-1)
    neg = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(neg - pos + 1.0, 0.0)
