"""Thresholds of binary decisions, and the counts of true and false ones at each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Tensor, apply, as_tensor
from dtrain.losses.shapes import squeeze_or_expand_to_same_rank, unmatched, weights_for
from dtrain.ops.gathering import rows_first

from .counting import LOWEST, KeepTopK, ThresholdCounts


def parse_thresholds(name: str, thresholds: Any, default: float) -> list[float]:
    """A number, a list, or None (`default`) as a list.

    Raises:
        ValueError: for a threshold outside of [0, 1].
    """
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    if any(t is None or not 0 <= t <= 1 for t in found):
        raise ValueError(f"{name}: expected thresholds in [0, 1]. Received: thresholds={thresholds!r}")
    return found


def default_threshold(top_k: int | None) -> float:
    """0.5, or what only the k best predictions exceed."""
    return 0.5 if top_k is None else LOWEST


def evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether there are three or more, at equal distances from 0 to 1."""
    count = len(thresholds)
    return count >= 3 and bool(np.allclose(thresholds, np.arange(count) / (count - 1), atol=config.epsilon()))


def confusion_counts(
    name: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    thresholds: Sequence[float],
    even: bool,
    top_k: int | None = None,
    class_id: int | None = None,
    by_label: bool = False,
    label_weights: Any = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """`{"tp", "fp", "tn", "fn"}`, summed over this process's rows, and the predictions that were counted.

    Raises:
        ValueError: when the shapes do not belong together.
    """
    true, pred = as_tensor(y_true), ops.cast(y_pred, "float32")
    true, pred = squeeze_or_expand_to_same_rank(true, pred)
    if true.spec.global_shape != pred.spec.global_shape:
        raise ValueError(unmatched(name, true, pred))
    weights = as_tensor(1.0) if sample_weight is None else weights_for(name, ops.cast(sample_weight, "float32"), pred)
    true, pred, weights = rows_first(true, pred, weights)
    if top_k is not None:
        pred = apply(KeepTopK, pred, k=top_k)
    if class_id is not None:
        if pred.ndim < 2:
            shape = pred.spec.global_shape
            raise ValueError(f"{name}: class_id needs predictions with an axis of classes. Received: {shape}")
        true, pred = true[..., class_id : class_id + 1], pred[..., class_id : class_id + 1]
        if weights.ndim and weights.spec.global_shape[-1] != 1:
            weights = weights[..., class_id : class_id + 1]
    if label_weights is not None:
        weights = weights * as_tensor(np.asarray(label_weights).reshape(1, -1))
    weights = weights if weights.ndim == 0 or pred.ndim == 2 else _as_table(ops.broadcast_to(weights, pred.shape))
    true, pred = _as_table(true), _as_table(pred)
    counts = apply(
        ThresholdCounts, true, pred, weights, thresholds=tuple(map(float, thresholds)), even=even, by_label=by_label
    )
    return dict(zip(ThresholdCounts.outputs, counts, strict=True)), pred


def _as_table(x: Tensor) -> Tensor:
    """x with two axes: rows, and all that belongs to a row."""
    if x.ndim == 2:
        return x
    return ops.reshape(x, (x.shape[0], math.prod(x.spec.global_shape[1:])) if x.ndim else (1, 1))
