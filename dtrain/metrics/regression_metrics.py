"""Distances between numbers as metrics."""

from __future__ import annotations

import math
from typing import Any

from dtrain import losses, ops
from dtrain.graph import Array, Tensor
from dtrain.losses.shapes import matched

from .reduction_metrics import FunctionMetric, Mean


class MeanSquaredError(FunctionMetric):
    """The mean of `mean(square(y_true - y_pred), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(FunctionMetric):
    """The mean of `mean(abs(y_true - y_pred), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(FunctionMetric):
    """The mean of `100 * mean(abs((y_true - y_pred) / y_true), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(FunctionMetric):
    """The mean of `mean(square(log(y_true + 1) - log(y_pred + 1)), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class RootMeanSquaredError(Mean):
    """`sqrt(mean(square(y_true - y_pred)))`"""

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add the squared errors of one batch."""
        y_true, y_pred = matched(self.name, y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def compute(self, *sums: Array) -> Any:
        return math.sqrt(super().compute(*sums))


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between the vectors along `axis`: 1 where they point the same way."""
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)  # type: ignore[no-any-return]


class CosineSimilarity(FunctionMetric):
    """The mean cosine of the angle between targets and predictions."""

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine, name, dtype, axis=axis)


class LogCoshError(FunctionMetric):
    """The mean of `mean(log(cosh(y_pred - y_true)), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)
