"""RMSprop: steps divided by the running root mean square of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (Tieleman and Hinton 2012, lecture 6.5).

    `v = rho * v + (1 - rho) * g*g; step = learning_rate * g / sqrt(v + epsilon); w -= step`

    - centered: `a = rho * a + (1 - rho) * g`, and `v - a*a` in place of `v` under the root
    - with momentum: `m = momentum * m + step; w -= m`

    Args:
        learning_rate: a number, a schedule or a function.
        rho: decay of the running means.
        momentum: decay of the running sum of steps.
        epsilon: keeps the root away from zero.
        centered: divide by the standard deviation in place of the root mean square.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def slot_groups(self) -> Groups:
        momentum = [["momentum"]] if self.momentum > 0 else []
        return [["velocity"], *momentum, *([["average_gradient"]] if self.centered else [])]

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, v = self.scratch(0, values), slots["velocity"]
        if not self.centered and self.momentum <= 0:
            kernels.rmsprop(values, gradients, v, t, learning_rate, self.rho, self.epsilon)
            return
        kernels.decayed_mean_square(gradients, v, t, self.rho)
        if self.centered:
            a, u = slots["average_gradient"], self.scratch(1, values)
            np.multiply(a, self.rho, out=a)
            np.multiply(gradients, 1 - self.rho, out=u)
            np.add(a, u, out=a)
            np.multiply(a, a, out=u)
            np.subtract(v, u, out=t)
            np.add(t, self.epsilon, out=t)
        else:
            np.add(v, self.epsilon, out=t)
        np.sqrt(t, out=t)
        np.divide(gradients, t, out=t)
        np.multiply(t, learning_rate, out=t)
        if self.momentum > 0:
            m = slots["momentum"]
            np.multiply(m, self.momentum, out=m)
            t = np.add(m, t, out=m)
        np.subtract(values, t, out=values)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
