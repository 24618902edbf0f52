"""The best that one rate can be where another one is good enough, over all thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array

from .confusion_metrics import ThresholdMetric
from .sums import quotient


class _BestUnderConstraint(ThresholdMetric):
    _direction = "up"
    counted = ("tp", "fp", "tn", "fn")
    argument = ""

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        kind = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{kind}: expected {self.argument} in [0, 1]. Received: {self.argument}={value}")
        if num_thresholds <= 0:
            raise ValueError(f"{kind}: expected num_thresholds > 0. Received: num_thresholds={num_thresholds}")
        thresholds = [0.5] if num_thresholds == 1 else [k / (num_thresholds - 1) for k in range(num_thresholds)]
        super().__init__(thresholds, 0.5, name, dtype)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        self._even = num_thresholds > 1
        self._make_parts()

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """At each threshold: what must reach `value`, and what is wanted as high as possible."""
        raise NotImplementedError

    def compute(self, *sums: Array) -> Any:
        constrained, wanted = self.rates(*sums)
        return np.max(np.where(constrained >= self.value, wanted, 0.0), initial=0.0)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["thresholds"]
        return {**config, "num_thresholds": self.num_thresholds, self.argument: self.value, "class_id": self.class_id}


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best `tp / (tp + fn)` at a threshold where `tn / (tn + fp)` is at least `specificity`."""

    argument = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.specificity = specificity
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        return quotient(tn, tn + fp), quotient(tp, tp + fn)


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best `tn / (tn + fp)` at a threshold where `tp / (tp + fn)` is at least `sensitivity`."""

    argument = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.sensitivity = sensitivity
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        return quotient(tp, tp + fn), quotient(tn, tn + fp)


class PrecisionAtRecall(_BestUnderConstraint):
    """The best `tp / (tp + fp)` at a threshold where `tp / (tp + fn)` is at least `recall`."""

    argument = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.recall = recall
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        return quotient(tp, tp + fn), quotient(tp, tp + fp)


class RecallAtPrecision(_BestUnderConstraint):
    """The best `tp / (tp + fn)` at a threshold where `tp / (tp + fp)` is at least `precision`."""

    argument = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.precision = precision
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        return quotient(tp, tp + fp), quotient(tp, tp + fn)
