"""The area under a curve of rates, approximated at a number of thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Array, as_tensor
from dtrain.saving.serialization import deserialize_keras_object

from .confusion_metrics import ThresholdMetric
from .sums import quotient
from .thresholds import confusion_counts, evenly_spaced

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "majoring", "minoring")


class AUC(ThresholdMetric):
    """The area under the ROC or precision-recall curve.

    Args:
        num_thresholds: at how many thresholds, evenly spaced in [0, 1], the curve is known.
        curve: `"ROC"` (true over false positive rate), `"PR"` (precision over recall) or `"PRGAIN"` (Flach and Kull,
            2015, Precision-Recall-Gain Curves).
        summation_method: the height between two thresholds: `"interpolation"` (their mean; for `"PR"` the exact
            interpolation of Davis and Goadrich, 2006), `"majoring"` (the greater) or `"minoring"` (the smaller).
        thresholds: in (0, 1), instead of `num_thresholds`; 0 and 1 are added.
        multi_label: one curve for each column of the predictions, and the (weighted) mean of the areas.
        num_labels: the number of columns, known from the first batch if None.
        label_weights: weights of the columns: of the areas if `multi_label`, else of the counts.
        from_logits: predictions are logits.

    Raises:
        ValueError: for arguments outside of these.
    """

    _direction = "up"
    counted = ("tp", "fp", "tn", "fn")

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"AUC: expected num_thresholds > 1. Received: num_thresholds={num_thresholds}")
        if num_labels and not multi_label:
            raise ValueError(f"AUC: num_labels is for multi_label=True only. Received: num_labels={num_labels}")
        count = num_thresholds
        inner = sorted(thresholds) if thresholds is not None else [k / (count - 1) for k in range(1, count - 1)]
        super().__init__(inner, 0.5, name, dtype)
        self._given_thresholds = thresholds is not None
        self._even = thresholds is None or evenly_spaced([0.0, *inner, 1.0])
        self.thresholds = [-config.epsilon(), *inner, 1.0 + config.epsilon()]
        self.num_thresholds = len(self.thresholds)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation_method", summation_method, _METHODS)
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else np.asarray(label_weights, self.dtype)
        if not multi_label or num_labels:
            self._make_label_parts(num_labels)

    def _make_label_parts(self, labels: int | None) -> None:
        shape = (self.num_thresholds, labels) if labels else (self.num_thresholds,)
        for name in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
            setattr(self, name, self.add_part(name, shape))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the counts of one batch."""
        pred = as_tensor(y_pred)
        if self.multi_label and pred.ndim != 2:
            raise ValueError(
                f"{self.name}: multi_label=True needs predictions of shape (rows, labels). "
                f"Received: y_pred of shape {pred.spec.global_shape}"
            )
        if not self._parts:
            self._make_label_parts(pred.spec.shape[1])
        if self.from_logits:
            pred = ops.sigmoid(pred)
        counts, source = confusion_counts(
            self.name,
            y_true,
            pred,
            sample_weight,
            self.thresholds,
            self._even,
            by_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        for key, part in zip(self.counted, self._parts, strict=True):
            self.add_to(part, counts[key], source)

    def compute(self, *sums: Array) -> Any:
        if not sums:
            return 0.0
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = interpolated_pr(*sums)
        else:
            areas = riemann(*curve_points(self.curve, *sums), self.summation_method)
        if not self.multi_label:
            return areas
        weights = np.ones(areas.shape) if self.label_weights is None else self.label_weights
        return quotient(np.sum(areas * weights), np.sum(weights))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["thresholds"]
        given = {"thresholds": self.thresholds[1:-1]} if self._given_thresholds else {}
        weights = None if self.label_weights is None else self.label_weights.tolist()
        return {
            **config,
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": weights,
            "from_logits": self.from_logits,
            **given,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**{**config, "label_weights": deserialize_keras_object(config.get("label_weights"))})


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if str(value).lower() == choice.lower():
            return choice
    raise ValueError(f"AUC: expected {name} to be one of {', '.join(map(repr, choices))}. Received: {name}={value!r}")


def curve_points(curve: str, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    """x and y of the curve at each threshold; x falls as the threshold rises."""
    recall = quotient(tp, tp + fn)
    if curve == "ROC":
        return quotient(fp, fp + tn), recall
    if curve == "PR":
        return recall, quotient(tp, tp + fp)
    odds = quotient(tp + fn, tn + fp)
    recall_gain = np.where(tp == 0, 0.0, 1.0 - odds * quotient(fn, tp))
    precision_gain = np.where(tp == 0, 1.0, 1.0 - odds * quotient(fp, tp))
    return np.maximum(recall_gain, 0.0), precision_gain


def riemann(x: Array, y: Array, method: str) -> Array:
    """The area between neighbouring points, summed."""
    first, second = y[:-1], y[1:]
    if method == "interpolation":
        heights = (first + second) / 2
    else:
        heights = np.maximum(first, second) if method == "majoring" else np.minimum(first, second)
    return np.asarray(np.sum((x[:-1] - x[1:]) * heights, axis=0))


def interpolated_pr(tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
    """The area under the precision-recall curve, with true positives linear in the predicted ones between thresholds.

    Davis and Goadrich, 2006, The Relationship Between Precision-Recall and ROC Curves, section 4.
    """
    predicted = tp + fp
    d_tp, d_predicted = tp[:-1] - tp[1:], predicted[:-1] - predicted[1:]
    slope = quotient(d_tp, np.maximum(d_predicted, 0))
    intercept = tp[1:] - slope * predicted[1:]
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    ratio = np.where(both, quotient(predicted[:-1], np.maximum(predicted[1:], 0)), 1.0)
    increments = quotient(slope * (d_tp + intercept * np.log(ratio)), np.maximum(tp[1:] + fn[1:], 0))
    return np.asarray(np.sum(increments, axis=0))
