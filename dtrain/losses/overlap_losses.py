"""Losses for segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import overlap
from .wrapper import FunctionLoss

Axis = int | Sequence[int] | None


class Dice(FunctionLoss):
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))`

    Args:
        axis: what is summed over; None: everything, the rows of the global batch included.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(overlap.dice, reduction, name, dtype, axis=axis)
        self.axis = axis


class Tversky(FunctionLoss):
    """`1 - both / (both + alpha * only_true + beta * only_pred)`

    Args:
        alpha: weight of what only the targets hold.
        beta: weight of what only the predictions hold.
        axis: what is summed over; None: everything, the rows of the global batch included.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(overlap.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
        self.alpha, self.beta, self.axis = alpha, beta, axis
