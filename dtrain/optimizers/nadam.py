"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array, Variable
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2015, "Incorporating Nesterov momentum into Adam", algorithm 2).

    ```
    u_t = beta_1 * (1 - 0.5 * 0.96**t); p_t = u_1 * ... * u_t
    m, v as in Adam
    m_hat = u_(t+1) * m / (1 - p_(t+1)) + (1 - u_t) * g / (1 - p_t)
    w -= learning_rate * m_hat / (sqrt(v / (1 - beta_2**t)) + epsilon)
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: decay of the running mean of gradients.
        beta_2: decay of the running mean of their squares.
        epsilon: keeps the divisor away from zero.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 2

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
        self._product = Variable(1.0, trainable=False, name="u_product")
        self._of_mean = self._of_gradient = 0.0

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            self._added.append(self._product)

    def slot_groups(self) -> Groups:
        return [["momentum", "velocity"]]

    def begin_update(self, learning_rate: float, step: int) -> None:
        now = self.beta_1 * (1 - 0.5 * 0.96**step)
        after = self.beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
        self._product.array *= now
        product = float(self._product.array)
        self._of_mean = learning_rate * after / (1 - product * after)
        self._of_gradient = learning_rate * (1 - now) / (1 - product)

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, u = self.scratch(0, values), self.scratch(1, values)
        m, v = slots["momentum"], slots["velocity"]
        kernels.moments(gradients, m, v, t, self.beta_1, self.beta_2)
        np.multiply(v, 1 / (1 - self.beta_2**step), out=t)
        np.sqrt(t, out=t)
        np.add(t, self.epsilon, out=t)
        np.multiply(m, self._of_mean, out=u)
        np.divide(u, t, out=u)
        np.subtract(values, u, out=values)
        np.multiply(gradients, self._of_gradient, out=u)
        np.divide(u, t, out=u)
        np.subtract(values, u, out=values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
