"""Gradient descent, with momentum if asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dtrain.graph import Array
from dtrain.kernels import optimizer as kernels

from .optimizer import Optimizer
from .slots import Groups


class SGD(Optimizer):
    """Gradient descent.

    - without momentum: `w -= learning_rate * g`
    - with: `m = momentum * m - learning_rate * g; w += m`
    - Nesterov's: `m` as before; `w += momentum * m - learning_rate * g` (Sutskever et al. 2013, "On the importance of
      initialization and momentum in deep learning", equations 3 and 4, written for the point looked ahead to)

    Args:
        learning_rate: a number, a schedule or a function.
        momentum: in [0, 1].
        nesterov: see above.
        others: see `Optimizer`.
    """

    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be in [0, 1]. Received: momentum={momentum!r}")
        self.momentum = momentum
        self.nesterov = nesterov

    def slot_groups(self) -> Groups:
        return [["momentum"]] if self.momentum else []

    def update(
        self, values: Array, gradients: Array, slots: Mapping[str, Array], learning_rate: float, step: int
    ) -> None:
        t = self.scratch(0, values)
        if self.momentum:
            m = slots["momentum"]
            kernels.sgd_momentum(values, gradients, m, t, learning_rate, self.momentum, self.nesterov)
        else:
            kernels.sgd(values, gradients, t, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
