"""Losses for numbers."""

from __future__ import annotations

from typing import Any

from . import regression
from .wrapper import FunctionLoss

Reduction = str | None


class MeanSquaredError(FunctionLoss):
    """The mean of `mean(square(y_true - y_pred), axis=-1)` over the batch."""

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(regression.mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """The mean of `mean(abs(y_true - y_pred), axis=-1)` over the batch."""

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(regression.mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """The mean of `100 * mean(abs((y_true - y_pred) / y_true), axis=-1)` over the batch."""

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(regression.mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """The mean of `mean(square(log(y_true + 1) - log(y_pred + 1)), axis=-1)` over the batch."""

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(regression.mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """The mean of minus the cosine of the angle between targets and predictions over the batch.

    Args:
        axis: the axis of the vectors.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(regression.cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(FunctionLoss):
    """The mean of `huber(y_true, y_pred)` over the batch: squares of small errors, absolute values of large ones.

    Args:
        delta: the error from which on it is large.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(regression.huber, reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """The mean of `mean(log(cosh(y_pred - y_true)), axis=-1)` over the batch."""

    def __init__(self, reduction: Reduction = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(regression.log_cosh, reduction, name, dtype)
