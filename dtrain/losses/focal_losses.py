"""Losses for classes of very different frequency."""

from __future__ import annotations

from typing import Any

from . import focal
from .wrapper import FunctionLoss


class BinaryFocalCrossentropy(FunctionLoss):
    """Binary cross-entropy times `(1 - p_t) ** gamma`, where p_t is the probability given to the true label.

    Args:
        apply_class_balancing: multiply by `alpha` for label 1 and by `1 - alpha` for label 0.
        alpha: weight of label 1.
        gamma: how much less is counted what is predicted well.
        from_logits: predictions are logits, not probabilities.
        label_smoothing: labels are moved by half of it towards 0.5.
        axis: the axis whose mean makes the value of a row.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {
            "apply_class_balancing": apply_class_balancing,
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }
        super().__init__(focal.binary_focal_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis
        self.apply_class_balancing, self.alpha, self.gamma = apply_class_balancing, alpha, gamma


class CategoricalFocalCrossentropy(FunctionLoss):
    """Categorical cross-entropy times `alpha * (1 - p) ** gamma`.

    Args:
        alpha: weight of the classes.
        gamma: how much less is counted what is predicted well.
        from_logits: predictions are logits, not probabilities.
        label_smoothing: the part of the probability that is spread evenly over all classes.
        axis: the axis of the classes.
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }
        super().__init__(focal.categorical_focal_crossentropy, reduction, name, dtype, **arguments)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis
        self.alpha, self.gamma = alpha, gamma
