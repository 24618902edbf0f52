"""Which shapes of targets, predictions and weights belong together."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import Tensor, as_tensor


def squeeze_or_expand_to_same_rank(x1: Tensor, x2: Tensor, expand_rank_1: bool = True) -> tuple[Tensor, Tensor]:
    """Where the ranks differ by one and the longer shape ends in 1, drop that axis, or add it to a shape of rank 1."""
    if x1.ndim == x2.ndim + 1 and x1.spec.global_shape[-1] == 1:
        if x2.ndim == 1 and expand_rank_1:
            return x1, ops.expand_dims(x2, -1)
        return ops.squeeze(x1, -1), x2
    if x2.ndim == x1.ndim + 1 and x2.spec.global_shape[-1] == 1:
        if x1.ndim == 1 and expand_rank_1:
            return ops.expand_dims(x1, -1), x2
        return x1, ops.squeeze(x2, -1)
    return x1, x2


def matched(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets, as numbers of the predictions' dtype, and predictions, in shapes that belong together.

    Raises:
        ValueError: when they do not: different ranks (after the rule for a last axis of length 1) or lengths.
    """
    y_pred = as_tensor(y_pred)
    if not y_pred.spec.is_float:
        y_pred = ops.cast(y_pred, "float32")
    y_true = ops.cast(y_true, y_pred.dtype)
    true, pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    lengths = zip(true.spec.global_shape, pred.spec.global_shape, strict=False)
    if true.ndim != pred.ndim or any(a != b and 1 not in (a, b) for a, b in lengths):
        raise ValueError(unmatched(name, y_true, y_pred))
    return true, pred


def unmatched(name: str, y_true: Tensor, y_pred: Tensor) -> str:
    """The message for shapes that do not belong together."""
    return (
        f"{name}: expected targets of the same shape as the predictions. "
        f"Received: y_true of shape {y_true.spec.global_shape}, y_pred of shape {y_pred.spec.global_shape}"
    )


def weights_for(name: str, weights: Tensor, values: Tensor) -> Tensor:
    """`weights` in a shape that multiplies `values` row by row.

    A shape that ends in one 1 too many loses it. A shape that is the beginning of that of the values (one weight for
    each row, or for each time step of each row) is completed by axes of length 1.

    Raises:
        ValueError: when they do not broadcast to the shape of the values.
    """
    shape = values.spec.global_shape
    if weights.ndim == values.ndim + 1 and weights.spec.global_shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    missing = values.ndim - weights.ndim
    if weights.ndim and missing > 0 and weights.spec.global_shape == shape[: weights.ndim]:
        weights = ops.reshape(weights, (*weights.shape, *(1,) * missing))
    lengths = zip(weights.spec.global_shape[::-1], shape[::-1], strict=False)
    if values.ndim and (weights.ndim > values.ndim or any(w not in (1, n) for w, n in lengths)):
        raise ValueError(
            f"{name}: expected sample weights that fit values of shape {shape}: "
            f"one for each row, or one for each value. Received: shape {weights.spec.global_shape}"
        )
    return weights
