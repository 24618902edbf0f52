"""Adamax: Adam with the infinity norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array

from .optimizer import Optimizer
from .slots import Groups


class Adamax(Optimizer):
    """Adam with a running maximum in place of the mean square (Kingma and Ba 2014, algorithm 2).

    ```
    m += (g - m) * (1 - beta_1)
    u = max(beta_2 * u, |g|)
    w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: decay of the running mean of gradients.
        beta_2: decay of the running maximum.
        epsilon: keeps the divisor away from zero.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self) -> Groups:
        return [["momentum", "norm"]]

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, m, u = self.scratch(0, values), slots["momentum"], slots["norm"]
        np.subtract(gradients, m, out=t)
        np.multiply(t, 1 - self.beta_1, out=t)
        np.add(m, t, out=m)
        np.multiply(u, self.beta_2, out=u)
        np.abs(gradients, out=t)
        np.maximum(u, t, out=u)
        np.add(u, self.epsilon, out=t)
        np.divide(m, t, out=t)
        np.multiply(t, learning_rate / (1 - self.beta_1**step), out=t)
        np.subtract(values, t, out=values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
