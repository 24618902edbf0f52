"""Margins between classes as metrics."""

from __future__ import annotations

from typing import Any

from dtrain import losses

from .reduction_metrics import FunctionMetric


class Hinge(FunctionMetric):
    """The mean of `mean(maximum(1 - y_true * y_pred, 0), axis=-1)`; labels -1 and 1, or 0 and 1."""

    _direction = "down"

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(FunctionMetric):
    """The mean of `mean(square(maximum(1 - y_true * y_pred, 0)), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(FunctionMetric):
    """The mean margin between the true class and the best of the others; one-hot labels."""

    _direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
