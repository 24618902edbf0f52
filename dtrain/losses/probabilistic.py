"""Cross-entropies and other distances between distributions, one value for each row."""

from __future__ import annotations

import warnings
from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor, as_tensor

from .shapes import matched


def smooth(y_true: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Labels moved towards the uniform distribution: `y * (1 - label_smoothing) + label_smoothing / classes`."""
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes  # type: ignore[no-any-return]


def check_axis(name: str, axis: Any) -> None:
    """Raise for an axis that is not an integer (a flag that slipped into its place)."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(f"{name}: expected axis to be an integer. Received: axis={axis!r}")


def warn_of_one_class(name: str, y_pred: Tensor, axis: int) -> None:
    """A softmax over one class is always 1: the user meant the binary form."""
    if y_pred.spec.global_shape[axis] == 1:
        warnings.warn(
            f"{name}: expected predictions for more than one class. Received: shape {y_pred.spec.global_shape}. "
            "With one number for each row, use the binary form",
            SyntaxWarning,
            stacklevel=4,
        )


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """`-sum(y_true * log(p), axis)`, where `p = softmax(y_pred)` if `from_logits`.

    Otherwise `p = y_pred / sum(y_pred)`, clipped to [epsilon, 1 - epsilon].

    Args:
        y_true: one-hot rows, or probabilities of the classes.
        label_smoothing: the part of the probability that is spread evenly over all classes.
        axis: the axis of the classes.
    """
    check_axis("categorical_crossentropy", axis)
    y_true, y_pred = matched("categorical_crossentropy", y_true, y_pred)
    warn_of_one_class("categorical_crossentropy", y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_true.spec.global_shape[-1])
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """`-log(p[y_true])`, where `p` is made of `y_pred` as in `categorical_crossentropy` and `y_true` are class numbers.

    Args:
        ignore_class: entries of this class count nothing; the result's mask hides them.
    """
    check_axis("sparse_categorical_crossentropy", axis)
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.spec.global_shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    valid = ops.not_equal(y_true, ignore_class)
    y_true = ops.where(valid, y_true, 0)
    values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    values = ops.where(valid, values, 0.0)
    values._keras_mask = valid
    return values  # type: ignore[no-any-return]


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """The mean along `axis` of `-(y * log(p) + (1 - y) * log(1 - p))`, where `p = sigmoid(y_pred)` if `from_logits`.

    Args:
        y_true: 0 or 1, or a probability.
        label_smoothing: labels are moved by half of it towards 0.5.
    """
    y_true, y_pred = matched("binary_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def crossentropy(y_true: Any, y_pred: Any) -> Tensor:
    """Binary, sparse categorical or categorical cross-entropy of probabilities, as the shapes tell.

    One number for each row: binary. Targets without the predictions' axis of classes, or with 1 on it: class numbers.
    """
    true, pred = as_tensor(y_true), as_tensor(y_pred)
    return crossentropy_for(true.spec.global_shape, pred.spec.global_shape)(true, pred)  # type: ignore[no-any-return]


def crossentropy_for(y_true_shape: Any, y_pred_shape: Any) -> Any:
    """The function among the three that fits targets and predictions of these shapes."""
    kind = kind_of_targets(y_true_shape, y_pred_shape)
    if kind == "binary":
        return binary_crossentropy
    return sparse_categorical_crossentropy if kind == "sparse" else categorical_crossentropy


def kind_of_targets(y_true_shape: Any, y_pred_shape: Any) -> str:
    """`"binary"`, `"sparse"` (class numbers) or `"categorical"` (one-hot rows)."""
    true, pred = tuple(y_true_shape), tuple(y_pred_shape)
    if len(pred) < 2 or pred[-1] == 1:
        return "binary"
    if len(true) < len(pred) or (true and true[-1] == 1):
        return "sparse"
    return "categorical"


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """`sum(y_true * log(y_true / y_pred), axis=-1)`, both clipped to [epsilon, 1]."""
    y_true, y_pred = matched("kl_divergence", y_true, y_pred)
    y_true, y_pred = (ops.clip(y, config.epsilon(), 1.0) for y in (y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(y_pred - y_true * log(y_pred + epsilon), axis=-1)`"""
    y_true, y_pred = matched("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """`(1 - p ** q) / q`, where p is the predicted probability of the class `y_true`.

    Zhang and Sabuncu, 2018, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, eq. 6.
    """
    true, y_pred = ops.cast(y_true, "int32"), as_tensor(y_pred)
    if true.spec.global_shape != y_pred.spec.global_shape[:-1]:
        raise ValueError(
            "categorical_generalized_cross_entropy: expected one class number for each row of predictions. "
            f"Received: y_true of shape {true.spec.global_shape}, y_pred of shape {y_pred.spec.global_shape}"
        )
    labels = ops.one_hot(true, y_pred.spec.global_shape[-1], dtype=y_pred.dtype)
    p = ops.sum(y_pred * labels, axis=-1)
    return (1.0 - ops.power(p, q)) / q  # type: ignore[no-any-return]
