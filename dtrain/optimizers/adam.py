"""Adam: steps from running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from dtrain.graph import Array
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class Adam(Optimizer):
    """Adaptive moment estimation (Kingma and Ba 2014, "Adam", the form at the end of section 2).

    ```
    m += (g - m) * (1 - beta_1)
    v += (g*g - v) * (1 - beta_2)
    w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: decay of the running mean of gradients.
        beta_2: decay of the running mean of their squares.
        epsilon: keeps the divisor away from zero.
        amsgrad: divide by the root of the largest v so far (Reddi et al. 2018, "On the convergence of Adam").
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad

    def slot_groups(self) -> Groups:
        return [["momentum", "velocity"], *([["velocity_hat"]] if self.amsgrad else [])]

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, m, v = self.scratch(0, values), slots["momentum"], slots["velocity"]
        alpha = learning_rate * math.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        settings = alpha, self.beta_1, self.beta_2, self.epsilon
        if self.amsgrad:
            kernels.adam_amsgrad(values, gradients, m, v, slots["velocity_hat"], t, *settings)
        else:
            kernels.adam(values, gradients, m, v, t, *settings)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
