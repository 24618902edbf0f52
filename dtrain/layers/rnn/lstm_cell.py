"""One step of a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import activations, ops

from ..arguments import plain_attributes
from .base_cell import BaseCell


class LSTMCell(BaseCell):
    """`z = x @ kernel + h @ recurrent_kernel + bias`, cut into i, f, g, o; `c' = s(f) * c + s(i) * a(g)`;
    `h' = s(o) * a(c')`, with a = activation and s = recurrent_activation.

    Args:
        recurrent_activation: of the gates i, f and o.
        unit_forget_bias: whether the bias of the forget gate starts at 1 (Jozefowicz et al. 2015).

    All other arguments as in `BaseCell`.
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def make_bias_initializer(self) -> Any:
        """The bias initializer, with ones for the forget gate if asked for."""
        if not self.unit_forget_bias:
            return self.bias_initializer

        def initialize(shape: Any, dtype: Any = None) -> Any:
            u = self.units
            bias = np.array(self.bias_initializer(shape, dtype=dtype))
            bias[u : 2 * u] = 1
            return bias

        return initialize

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Output and new states for inputs (N, I) and states [h (N, u), c (N, u)]."""
        h, c = states
        z = ops.matmul(self.drop_inputs(inputs), self.kernel) + ops.matmul(self.drop_state(h), self.recurrent_kernel)
        if self.bias is not None:
            z = ops.add(z, self.bias)
        i, f, g, o = ops.split(z, 4, axis=1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "recurrent_activation", "unit_forget_bias")}
