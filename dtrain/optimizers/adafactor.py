"""Adafactor: the mean square of a matrix's gradient kept as its row and column means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.graph import Array, Variable

from .optimizer import Optimizer


class Adafactor(Optimizer):
    """Gradients divided by a root mean square of which only row and column means are kept.

    Shazeer and Stern 2018, "Adafactor: adaptive learning rates with sublinear memory cost", algorithms 4 and 5.

    ```
    b = 1 - t**beta_2_decay; s = g*g + epsilon_1
    matrices: r = b * r + (1 - b) * mean(s, -1); c = b * c + (1 - b) * mean(s, -2); v = r / mean(r) outer c
    others:   v = b * v + (1 - b) * s
    u = g / sqrt(v); u /= max(1, rms(u) / clip_threshold)
    w -= max(epsilon_2, rms(w)) * min(learning_rate, 1 / sqrt(t)) * u
    ```

    Args:
        learning_rate: a number, a schedule or a function.
        beta_2_decay: exponent of the decay of the means, < 0.
        epsilon_1: added to squared gradients.
        epsilon_2: the smallest size of a variable that steps are relative to.
        clip_threshold: the largest root mean square of `u`.
        relative_step: kept in the configuration; the rate is bounded by `1 / sqrt(t)` either way, as in Keras.
        others: see `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        self._means: dict[int, tuple[Array, Array, Array]] = {}

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        for variable in self.trained_variables:
            self._means[id(variable)] = self._add_means(variable)

    def _add_means(self, variable: Variable) -> tuple[Array, Array, Array]:
        """Row means, column means and their product; vectors have empty ones, as in Keras's files."""
        shape, factored = variable.shape, variable.ndim >= 2
        rows = self.add_variable(shape[:-1] if factored else (), dtype=variable.dtype, name=variable.name)
        columns = self.add_variable(
            (*shape[:-2], shape[-1]) if factored else (), dtype=variable.dtype, name=variable.name
        )
        velocity = self.add_variable_from_reference(variable, "velocity")
        return rows.array, columns.array, velocity.array

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        r, c, v = self._means[id(variable)]
        g, w, step = np.asarray(gradient), variable.array, self._updates() + 1
        b = 1 - step**self.beta_2_decay
        square = np.square(g) + w.dtype.type(self.epsilon_1)
        if variable.ndim >= 2:
            r[...] = b * r + (1 - b) * square.mean(axis=-1)
            c[...] = b * c + (1 - b) * square.mean(axis=-2)
            v[...] = (r / r.mean(axis=-1, keepdims=True))[..., None] * c[..., None, :]
        else:
            v[...] = b * v + (1 - b) * square
        u = g / np.sqrt(v)
        u /= max(1.0, _rms(u) / self.clip_threshold)
        u *= max(self.epsilon_2, _rms(w)) * min(float(learning_rate), 1 / math.sqrt(step))
        w -= u

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _rms(x: Array) -> float:
    return math.sqrt(float(np.mean(np.square(x)))) if x.size else 0.0
