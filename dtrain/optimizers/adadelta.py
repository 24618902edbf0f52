"""Adadelta: steps in units of the values themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class Adadelta(Optimizer):
    """Gradients scaled by the ratio of the running sizes of steps and gradients (Zeiler 2012, algorithm 1).

    ```
    a = rho * a + (1 - rho) * g*g
    d = -sqrt(b + epsilon) / sqrt(a + epsilon) * g
    b = rho * b + (1 - rho) * d*d
    w += learning_rate * d
    ```

    Args:
        learning_rate: a number, a schedule or a function; 1 is the paper's method.
        rho: decay of the running means.
        epsilon: keeps the roots away from zero.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon

    def slot_groups(self) -> Groups:
        return [["accumulated_grad", "accumulated_delta_var"]]

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, d = self.scratch(0, values), self.scratch(1, values)
        a, b = slots["accumulated_grad"], slots["accumulated_delta_var"]
        kernels.decayed_mean_square(gradients, a, t, self.rho)
        np.add(b, self.epsilon, out=d)
        np.sqrt(d, out=d)
        np.add(a, self.epsilon, out=t)
        np.sqrt(t, out=t)
        np.multiply(d, gradients, out=d)
        np.divide(d, t, out=d)
        kernels.decayed_mean_square(d, b, t, self.rho)
        np.multiply(d, learning_rate, out=d)
        np.subtract(values, d, out=values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
