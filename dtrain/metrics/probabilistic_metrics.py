"""Distances between distributions as metrics."""

from __future__ import annotations

from typing import Any

from dtrain import losses

from .reduction_metrics import FunctionMetric


class KLDivergence(FunctionMetric):
    """The mean of `sum(y_true * log(y_true / y_pred), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(FunctionMetric):
    """The mean of `mean(y_pred - y_true * log(y_pred), axis=-1)`."""

    _direction = "down"

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(FunctionMetric):
    """The mean cross-entropy of labels 0 and 1. Arguments as in `losses.BinaryCrossentropy`."""

    _direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **arguments)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(FunctionMetric):
    """The mean cross-entropy of one-hot labels. Arguments as in `losses.CategoricalCrossentropy`."""

    _direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **arguments)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class SparseCategoricalCrossentropy(FunctionMetric):
    """The mean cross-entropy of class numbers. Arguments as in `losses.SparseCategoricalCrossentropy`.

    Entries of `ignore_class` add 0; they are left out of the divisor only where weights or a mask are given.
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        arguments = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **arguments)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis
