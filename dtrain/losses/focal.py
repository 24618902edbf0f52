"""Cross-entropies that count what is already predicted well for less.

Lin et al., 2017, Focal Loss for Dense Object Detection, eq. 4 and 5.
"""

from __future__ import annotations

from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor

from .probabilistic import check_axis, smooth, warn_of_one_class
from .shapes import matched


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """The mean along `axis` of `(1 - p_t) ** gamma * bce`, `p_t = y * p + (1 - y) * (1 - p)`.

    Args:
        apply_class_balancing: multiply by `alpha` for label 1 and by `1 - alpha` for label 0.
    """
    y_true, y_pred = matched("binary_focal_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    values = ops.binary_crossentropy(y_true, p, from_logits=False)
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    values = ops.power(1.0 - p_t, gamma) * values
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`sum(-alpha * (1 - p) ** gamma * y_true * log(p), axis)` with `p` as in `categorical_crossentropy`."""
    check_axis("categorical_focal_crossentropy", axis)
    y_true, y_pred = matched("categorical_focal_crossentropy", y_true, y_pred)
    warn_of_one_class("categorical_focal_crossentropy", y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_true.spec.global_shape[-1])
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    p = y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    factor = ops.power(1.0 - p, gamma) * alpha
    return ops.sum(factor * -(y_true * ops.log(p)), axis=axis)
