"""Lion: steps of one size, by sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array

from .optimizer import Optimizer
from .slots import Groups


class Lion(Optimizer):
    """Steps of the learning rate's size in the direction of a sign (Chen et al. 2023, "Symbolic discovery", program 1).

    ```
    w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)
    m = beta_2 * m + (1 - beta_2) * g
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_1: weight of the running mean in the step, in (0, 1].
        beta_2: decay of the running mean of gradients.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion: beta_1 must be in (0, 1]. Received: beta_1={beta_1!r}")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def slot_groups(self) -> Groups:
        return [["momentum"]]

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, u, m = self.scratch(0, values), self.scratch(1, values), slots["momentum"]
        np.multiply(m, self.beta_1, out=t)
        np.multiply(gradients, 1 - self.beta_1, out=u)
        np.add(t, u, out=t)
        np.sign(t, out=t)
        np.multiply(t, learning_rate, out=t)
        np.subtract(values, t, out=values)
        np.multiply(m, self.beta_2, out=m)
        np.multiply(gradients, 1 - self.beta_2, out=t)
        np.add(m, t, out=m)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
