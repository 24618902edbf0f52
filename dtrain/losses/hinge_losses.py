"""Losses for margins between classes."""

from __future__ import annotations

from typing import Any

from . import margins
from .wrapper import FunctionLoss


class Hinge(FunctionLoss):
    """The mean of `mean(maximum(1 - y_true * y_pred, 0), axis=-1)` over the batch; labels -1 and 1, or 0 and 1."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(margins.hinge, reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """The mean of `mean(square(maximum(1 - y_true * y_pred, 0)), axis=-1)` over the batch."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(margins.squared_hinge, reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """The mean over the batch of the margin between the true class and the best of the others; one-hot labels."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(margins.categorical_hinge, reduction, name, dtype)
