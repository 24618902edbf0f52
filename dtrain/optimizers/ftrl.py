"""FTRL: follow the regularized leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array

from .optimizer import Optimizer
from .slots import Groups

_NOT_NEGATIVE = (
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
)


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013, "Ad click prediction", algorithm 1).

    ```
    a_new = a + g*g
    z += g + 2 * l2_shrinkage * w - (a_new**-power - a**-power) / learning_rate * w
    w = (clip(z, -l1, l1) - z) / (a_new**-power / learning_rate + 2 * l2 + beta / learning_rate)
    a = a_new
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        learning_rate_power: `power`, at most 0; 0 for a constant rate.
        initial_accumulator_value: first value of `a`, at least 0.
        l1_regularization_strength: `l1`, at least 0.
        l2_regularization_strength: `l2`, at least 0.
        l2_shrinkage_regularization_strength: `l2_shrinkage`, at least 0.
        beta: see above.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True
    scratch_arrays: ClassVar[int] = 3

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for label in _NOT_NEGATIVE:
            if getattr(self, label) < 0:
                raise ValueError(f"Ftrl: {label} must be >= 0. Received: {label}={getattr(self, label)!r}")
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl: learning_rate_power must be <= 0. Received: {learning_rate_power!r}")

    def slot_groups(self) -> Groups:
        return [["accumulator", "linear"]]

    def slot_initial(self) -> Mapping[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t, old, new = (self.scratch(k, values) for k in range(3))
        a, z = slots["accumulator"], slots["linear"]
        np.power(a, -self.learning_rate_power, out=old)
        np.multiply(gradients, gradients, out=t)
        np.add(a, t, out=a)
        np.power(a, -self.learning_rate_power, out=new)
        np.subtract(new, old, out=old)
        np.multiply(old, -1 / learning_rate, out=old)
        np.add(old, 2 * self.l2_shrinkage_regularization_strength, out=old)
        np.multiply(old, values, out=old)
        np.add(z, gradients, out=z)
        np.add(z, old, out=z)
        np.multiply(new, 1 / learning_rate, out=new)
        np.add(new, 2 * self.l2_regularization_strength + self.beta / learning_rate, out=new)
        np.clip(z, -self.l1_regularization_strength, self.l1_regularization_strength, out=t)
        np.subtract(t, z, out=t)
        values[...] = 0  # where nothing has been accumulated and nothing regularizes
        np.divide(t, new, out=values, where=new > 0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
