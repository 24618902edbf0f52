"""R2: the share of the targets' variance that the predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Array
from dtrain.losses.reduction import local_sum
from dtrain.losses.shapes import matched, weights_for
from dtrain.ops.gathering import rows_first

from .sums import SumMetric


class R2Score(SumMetric):
    """`1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2)` of each column.

    Args:
        class_aggregation: `"uniform_average"` of the columns, `"variance_weighted_average"`, or None: one for each.
        num_regressors: if not 0, the adjusted score for so many independent predictors.

    Raises:
        ValueError: for arguments outside of these, and for shapes other than (rows, columns).
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "R2Score: expected class_aggregation to be None, 'uniform_average' or 'variance_weighted_average'. "
                f"Received: class_aggregation={class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: expected num_regressors >= 0. Received: num_regressors={num_regressors}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_part("num_samples")

    def _make_parts(self, columns: int) -> None:
        self.squared_sum = self.add_part("squared_sum", (columns,))
        self.sum = self.add_part("sum", (columns,))
        self.total_mse = self.add_part("residual", (columns,))
        self.count = self.add_part("count", (columns,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the sums of one batch."""
        y_true, y_pred = rows_first(*matched(self.name, y_true, y_pred))
        if y_pred.ndim != 2:
            raise ValueError(
                f"{self.name}: expected targets and predictions of shape (rows, columns). "
                f"Received: y_pred of shape {y_pred.spec.global_shape}"
            )
        if len(self._parts) == 1:
            self._make_parts(y_pred.spec.shape[1])
        ones = ops.ones_like(y_true)
        weights = ones
        if sample_weight is not None:
            weights = ones * weights_for(self.name, ops.cast(sample_weight, y_pred.dtype), y_pred)
        self.add_to(self.num_samples, local_sum(ones), ones)
        # The squares of large targets need more than float32 where sums of them are subtracted.
        true, error = ops.cast(y_true, "float64"), ops.square(y_true - y_pred)
        self.add_rows(self.squared_sum, true * true * weights, (0,))
        self.add_rows(self.sum, true * weights, (0,))
        self.add_rows(self.total_mse, error * weights, (0,))
        self.add_rows(self.count, weights, (0,))

    def compute(self, *sums: Array) -> Any:
        if len(sums) == 1:
            return 0.0
        samples, squared_sum, total, residual, count = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = squared_sum - total * total / count
            scores = 1 - residual / variance
        scores = np.where(np.isinf(scores), 0.0, scores)
        return self._adjusted(self._aggregated(scores, variance), float(samples))

    def _aggregated(self, scores: Array, variance: Array) -> Any:
        if self.class_aggregation == "uniform_average":
            return np.mean(scores)
        if self.class_aggregation == "variance_weighted_average":
            return np.sum(variance * scores) / np.sum(variance)
        return scores

    def _adjusted(self, scores: Any, samples: float) -> Any:
        free = samples - self.num_regressors - 1
        if self.num_regressors == 0:
            return scores
        if free <= 0:
            warnings.warn(
                f"{self.name}: the adjusted score needs more than {self.num_regressors + 1} samples, and has "
                f"{samples:g}. The score that is not adjusted is returned",
                stacklevel=2,
            )
            return scores
        return 1 - (1 - scores) * (samples - 1) / free

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
