"""Schedule-free AdamW: an average of the path in place of a falling rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class ScheduleFreeAdamW(Optimizer):
    """Adam at a point between the path and its mean (Defazio et al. 2024, "The road less scheduled", algorithm 1).

    ```
    v += (g*g - v) * (1 - beta_2); rate = learning_rate * min(t / warmup_steps, 1)
    x = (w - (1 - beta_1) * z) / beta_1                   (the mean of the path)
    z -= rate * g / (sqrt(v / (1 - beta_2**t)) + epsilon)  (the path)
    x += (z - x) / t
    w = (1 - beta_1) * z + beta_1 * x
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: the share of the mean in the point where gradients are taken, in (0, 1].
        beta_2: decay of the running mean of squared gradients.
        epsilon: keeps the divisor away from zero.
        warmup_steps: steps in which the rate rises from 0.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 2

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.warmup_steps = warmup_steps

    def slot_groups(self) -> Groups:
        return [["momentum", "velocity"]]

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        for variable in self.trained_variables:
            self.slot("momentum", variable)[...] = variable.array

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        x, t = self.scratch(0, values), self.scratch(1, values)
        z, v = slots["momentum"], slots["velocity"]
        rate = learning_rate * min(step / self.warmup_steps, 1.0) if self.warmup_steps else learning_rate
        kernels.decayed_mean_square(gradients, v, t, self.beta_2)
        np.multiply(z, 1 - self.beta_1, out=x)
        np.subtract(values, x, out=x)
        np.multiply(x, 1 / self.beta_1, out=x)
        np.multiply(v, 1 / (1 - self.beta_2**step), out=t)
        np.sqrt(t, out=t)
        np.add(t, self.epsilon, out=t)
        np.divide(gradients, t, out=t)
        np.multiply(t, rate, out=t)
        np.subtract(z, t, out=z)
        np.subtract(z, x, out=t)
        np.multiply(t, 1 / step, out=t)
        np.add(x, t, out=x)
        np.multiply(x, self.beta_1, out=x)
        np.multiply(z, 1 - self.beta_1, out=t)
        np.add(t, x, out=values)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }
