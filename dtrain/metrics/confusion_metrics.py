"""Counts of true and false decisions, precision and recall."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array, Variable

from .sums import SumMetric, quotient
from .thresholds import confusion_counts, default_threshold, evenly_spaced, parse_thresholds

_PART_NAMES = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives"}


class ThresholdMetric(SumMetric):
    """Base of the metrics that compare predictions with thresholds; `counted` names the counts that it keeps."""

    counted: ClassVar[tuple[str, ...]] = ()

    def __init__(self, thresholds: Any, default: float, name: str | None, dtype: Any) -> None:
        super().__init__(dtype=dtype, name=name)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(type(self).__name__, thresholds, default)
        self._even = evenly_spaced(self.thresholds)
        self.top_k: int | None = None
        self.class_id: int | None = None

    def _make_parts(self) -> None:
        for key in self.counted:
            setattr(self, _PART_NAMES[key], self.add_part(_PART_NAMES[key], (len(self.thresholds),)))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the counts of one batch."""
        counts, source = confusion_counts(
            self.name, y_true, y_pred, sample_weight, self.thresholds, self._even, self.top_k, self.class_id
        )
        for key, part in zip(self.counted, self._parts, strict=True):
            self.add_to(part, counts[key], source)

    def one_or_all(self, values: Array) -> Array:
        """The value at the only threshold, or one for each of several."""
        return values[0] if len(self.thresholds) == 1 else values

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(ThresholdMetric):
    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, 0.5, name, dtype)
        self.accumulator: Variable = self.add_part("accumulator", (len(self.thresholds),))

    def compute(self, *sums: Array) -> Any:
        return self.one_or_all(sums[0])


class TruePositives(_Count):
    """The number (sum of weights) of labels 1 with a prediction above the threshold (default 0.5)."""

    _direction = "up"
    counted = ("tp",)


class TrueNegatives(_Count):
    """The number (sum of weights) of labels 0 with a prediction that is not above the threshold (default 0.5)."""

    _direction = "up"
    counted = ("tn",)


class FalsePositives(_Count):
    """The number (sum of weights) of labels 0 with a prediction above the threshold (default 0.5)."""

    _direction = "down"
    counted = ("fp",)


class FalseNegatives(_Count):
    """The number (sum of weights) of labels 1 with a prediction that is not above the threshold (default 0.5)."""

    _direction = "down"
    counted = ("fn",)


class _Ratio(ThresholdMetric):
    """`a / (a + b)` of the two counts."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, default_threshold(top_k), name, dtype)
        self.top_k, self.class_id = top_k, class_id
        self._make_parts()

    def compute(self, *sums: Array) -> Any:
        return self.one_or_all(quotient(sums[0], np.add(sums[0], sums[1])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Ratio):
    """`true_positives / (true_positives + false_positives)`, 0 where nothing is predicted.

    Args:
        thresholds: in [0, 1]; the result has one value for each (default 0.5).
        top_k: only the k highest predictions of a row count as positive.
        class_id: look at this class only.
    """

    counted = ("tp", "fp")


class Recall(_Ratio):
    """`true_positives / (true_positives + false_negatives)`, 0 where there are no positives.

    Args:
        thresholds: in [0, 1]; the result has one value for each (default 0.5).
        top_k: only the k highest predictions of a row count as positive.
        class_id: look at this class only.
    """

    counted = ("tp", "fn")
