"""Lamb: Adam's steps in proportion to the size of each variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Variable
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class Lamb(Optimizer):
    """Adam's step, scaled for each variable by the ratio of its norm to the step's (You et al. 2019, algorithm 2).

    ```
    m, v as in Adam; r = m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon)
    w -= learning_rate * norm(w) / norm(r) * r      (ratio 1 where a norm is 0)
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: decay of the running mean of gradients.
        beta_2: decay of the running mean of their squares.
        epsilon: keeps the divisor away from zero.
        others: see `Optimizer`.
    """

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
        return [["momentum", "velocity"]]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        g, w = np.asarray(gradient), variable.array
        m, v, step = self.slot("momentum", variable), self.slot("velocity", variable), self._updates() + 1
        kernels.moments(g, m, v, np.empty_like(w), self.beta_1, self.beta_2)
        r = m / (1 - self.beta_1**step)
        r /= np.sqrt(v / (1 - self.beta_2**step)) + self.epsilon
        size, of_step = float(np.linalg.norm(w)), float(np.linalg.norm(r))
        r *= float(learning_rate) * (size / of_step if size > 0 and of_step > 0 else 1.0)
        w -= r

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
