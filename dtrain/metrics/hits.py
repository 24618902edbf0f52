"""Whether predictions hit: 1 or 0 for each label."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops
from dtrain.graph import Tensor, as_tensor
from dtrain.losses.shapes import matched


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """`y_true == y_pred`, element by element."""
    y_true, y_pred = matched("accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """`y_true == (y_pred > threshold)`, element by element."""
    y_true, y_pred = matched("binary_accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.greater(y_pred, threshold)), config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """`argmax(y_true, -1) == argmax(y_pred, -1)`: targets are one-hot rows."""
    true, pred = as_tensor(y_true), as_tensor(y_pred)
    if true.ndim != pred.ndim:
        raise ValueError(_labels_message("categorical_accuracy", "one-hot targets", true, pred))
    return _equal("categorical_accuracy", "one-hot targets", ops.argmax(true, axis=-1), true, pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """`y_true == argmax(y_pred, -1)`: targets are class numbers."""
    true, pred = as_tensor(y_true), as_tensor(y_pred)
    labels = _class_numbers(true, pred)
    return _equal("sparse_categorical_accuracy", "class numbers", labels, true, pred)


def _class_numbers(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_true.ndim == y_pred.ndim and y_true.spec.global_shape[-1] == 1:
        return ops.squeeze(y_true, -1)
    return y_true


def _equal(name: str, expected: str, labels: Tensor, y_true: Tensor, y_pred: Tensor) -> Tensor:
    if labels.spec.global_shape != y_pred.spec.global_shape[:-1]:
        raise ValueError(_labels_message(name, expected, y_true, y_pred))
    return ops.cast(ops.equal(labels, ops.argmax(y_pred, axis=-1)), config.floatx())


def _labels_message(name: str, expected: str, y_true: Tensor, y_pred: Tensor) -> str:
    return (
        f"{name}: expected {expected} for predictions with one number per class on the last axis. "
        f"Received: y_true of shape {y_true.spec.global_shape}, y_pred of shape {y_pred.spec.global_shape}"
    )


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Whether `argmax(y_true, -1)` is among the k classes with the highest predictions."""
    true, pred = as_tensor(y_true), as_tensor(y_pred)
    if true.ndim != pred.ndim:
        raise ValueError(_labels_message("top_k_categorical_accuracy", "one-hot targets", true, pred))
    return _in_top_k("top_k_categorical_accuracy", "one-hot targets", ops.argmax(true, axis=-1), true, pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """Whether the class number `y_true` is among the k classes with the highest predictions.

    Args:
        from_sorted_ids: the predictions are class numbers, the most probable one first.
    """
    name = "sparse_top_k_categorical_accuracy"
    true, pred = as_tensor(y_true), as_tensor(y_pred)
    labels = _class_numbers(true, pred)
    if not from_sorted_ids:
        return _in_top_k(name, "class numbers", labels, true, pred, k)
    if labels.spec.global_shape != pred.spec.global_shape[:-1]:
        raise ValueError(_labels_message(name, "class numbers", true, pred))
    hits = ops.equal(ops.expand_dims(labels, -1), pred[..., :k])
    return ops.cast(ops.any(hits, axis=-1), config.floatx())


def _in_top_k(name: str, expected: str, labels: Tensor, y_true: Tensor, y_pred: Tensor, k: int) -> Tensor:
    if labels.spec.global_shape != y_pred.spec.global_shape[:-1]:
        raise ValueError(_labels_message(name, expected, y_true, y_pred))
    # A class is among the k best if fewer than k others are better: ties count as hits.
    index = ops.expand_dims(ops.cast(labels, "int32"), -1)
    better = ops.greater(y_pred, ops.take_along_axis(y_pred, index, axis=-1))
    hits = ops.less(ops.sum(ops.cast(better, config.floatx()), axis=-1), float(k))
    return ops.cast(hits, config.floatx())
