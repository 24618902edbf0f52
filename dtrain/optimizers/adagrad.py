"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array

from .optimizer import Optimizer
from .slots import Groups


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares so far (Duchi et al. 2011, section 1.1).

    `a += g*g; w -= learning_rate * g / sqrt(a + epsilon)`

    Args:
        learning_rate: a number, a schedule or a function.
        initial_accumulator_value: first value of `a`.
        epsilon: keeps the root away from zero.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_groups(self) -> Groups:
        return [["accumulator"]]

    def slot_initial(self) -> Mapping[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, a = self.scratch(0, values), slots["accumulator"]
        np.multiply(gradients, gradients, out=t)
        np.add(a, t, out=a)
        np.add(a, self.epsilon, out=t)
        np.sqrt(t, out=t)
        np.divide(gradients, t, out=t)
        np.multiply(t, learning_rate, out=t)
        np.subtract(values, t, out=values)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
