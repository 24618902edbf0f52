"""Losses for classes and distributions."""

from __future__ import annotations

from typing import Any

from . import probabilistic
from .wrapper import FunctionLoss

Reduction = str | None


class BinaryCrossentropy(FunctionLoss):
    """Cross-entropy of labels 0 and 1 with one number per label.

    Args:
        from_logits: predictions are logits (recommended), not probabilities.
        label_smoothing: labels are moved by half of it towards 0.5.
        axis: the axis whose mean makes the value of a row.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.binary_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class CategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of one-hot labels with one number per class.

    Args:
        from_logits: predictions are logits (recommended), not probabilities.
        label_smoothing: the part of the probability that is spread evenly over all classes.
        axis: the axis of the classes.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.categorical_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of class numbers with one number per class.

    Args:
        from_logits: predictions are logits (recommended), not probabilities.
        ignore_class: entries of this class count nothing, neither in the sum nor in the divisor.
        axis: the axis of the classes.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Reduction = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(probabilistic.sparse_categorical_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis


class KLDivergence(FunctionLoss):
    """The mean of `sum(y_true * log(y_true / y_pred), axis=-1)` over the batch."""

    def __init__(
        self, reduction: Reduction = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(probabilistic.kl_divergence, reduction, name, dtype)


class Poisson(FunctionLoss):
    """The mean of `mean(y_pred - y_true * log(y_pred), axis=-1)` over the batch."""

    def __init__(self, reduction: Reduction = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(probabilistic.poisson, reduction, name, dtype)


class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """The mean of `(1 - p ** q) / q` over the batch, robust against wrong labels; labels are class numbers.

    Args:
        q: between 0 (cross-entropy) and 1 (absolute error).

    Raises:
        ValueError: when q is not between 0 and 1.
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: Reduction = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: expected q between 0 and 1. Received: q={q}")
        super().__init__(probabilistic.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
        self.q = q
