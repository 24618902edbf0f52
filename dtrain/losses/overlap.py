"""How little two sets overlap. With `axis=None` the sets are those of the whole global batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor

from .shapes import matched


def dice(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`"""
    y_true, y_pred = matched("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    sizes = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - both * 2.0 / (sizes + config.epsilon())  # type: ignore[no-any-return]


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None
) -> Tensor:
    """`1 - both / (both + alpha * only_true + beta * only_pred + epsilon)`

    `both = sum(y_true * y_pred)`, `only_true = sum(y_true * (1 - y_pred))`, `only_pred = sum((1 - y_true) * y_pred)`.
    Salehi et al., 2017, Tversky loss function for image segmentation using 3D fully convolutional deep networks, eq. 3.
    """
    y_true, y_pred = matched("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    only_true = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    only_pred = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + only_true * alpha + only_pred * beta + config.epsilon())  # type: ignore[no-any-return]
