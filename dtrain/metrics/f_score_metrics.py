"""F-scores: the weighted harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Array, Tensor
from dtrain.losses.shapes import matched, weights_for
from dtrain.ops.gathering import rows_first

from .sums import SumMetric


class FBetaScore(SumMetric):
    """`(1 + beta**2) * precision * recall / (beta**2 * precision + recall)` of each class.

    Args:
        average: None (one value for each class), `"micro"` (of all classes' counts together), `"macro"` (the mean of
            the classes) or `"weighted"` (the mean weighted by the number of true entries).
        beta: weight of recall.
        threshold: predictions above it are positive; None: the highest of each row.

    Targets and predictions have shape (rows, classes).

    Raises:
        ValueError: for arguments or shapes outside of these.
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        kind = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                f"{kind}: expected average to be None, 'micro', 'macro' or 'weighted'. Received: average={average!r}"
            )
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"{kind}: expected beta to be a float > 0. Received: beta={beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"{kind}: expected threshold to be a float in (0, 1]. Received: threshold={threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold

    def _make_parts(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_part(name, shape))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the counts of one batch."""
        y_true, y_pred = rows_first(*matched(self.name, y_true, y_pred))
        if y_pred.ndim != 2:
            raise ValueError(
                f"{self.name}: expected targets and predictions of shape (rows, classes). "
                f"Received: y_pred of shape {y_pred.spec.global_shape}"
            )
        if not self._parts:
            self._make_parts(y_pred.spec.shape[1])
        positive = ops.cast(self._positive(y_pred), y_pred.dtype)
        terms = (positive * y_true, positive * (1.0 - y_true), (1.0 - positive) * y_true, y_true)
        weights = None
        if sample_weight is not None:
            weights = weights_for(self.name, ops.cast(sample_weight, y_pred.dtype), y_pred)
        for part, term in zip(self._parts, terms, strict=True):
            values = term if weights is None else term * weights
            self.add_rows(part, values, None if self.average == "micro" else (0,))

    def _positive(self, y_pred: Tensor) -> Tensor:
        if self.threshold is not None:
            return ops.greater(y_pred, self.threshold)
        highest = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
        return ops.logical_and(highest, ops.greater(ops.abs(y_pred), 1e-9))

    def compute(self, *sums: Array) -> Any:
        if not sums:
            return 0.0
        tp, fp, fn, true = sums
        epsilon, square = config.epsilon(), self.beta**2
        precision, recall = tp / (tp + fp + epsilon), tp / (tp + fn + epsilon)
        scores = (1 + square) * precision * recall / (square * precision + recall + epsilon)
        if self.average == "weighted":
            return np.sum(scores * true / (np.sum(true) + epsilon))
        return scores if self.average is None else np.mean(scores)

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)` of each class. Arguments as in `FBetaScore`."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
