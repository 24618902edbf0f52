"""One step of a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078)."""

from __future__ import annotations

from typing import Any

from dtrain import activations, ops

from ..arguments import plain_attributes
from .base_cell import BaseCell


class GRUCell(BaseCell):
    """`z = s(xz + hz)`, `r = s(xr + hr)`, `g = a(xh + r * hh)`, `h' = z * h + (1 - z) * g`

    where `xz, xr, xh = x @ kernel + bias[0]` and `hz, hr, hh = h @ recurrent_kernel + bias[1]`. With
    `reset_after=False`, there is one bias and `hh = (r * h) @ recurrent_kernel` instead.

    Args:
        recurrent_activation: s, of the gates z and r.
        reset_after: whether the reset gate acts after the matrix product.

    All other arguments as in `BaseCell`.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def bias_shape(self) -> tuple[int, ...]:
        """(2, 3 u) with `reset_after`, else (3 u,)."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Output and new states for inputs (N, I) and states [h (N, u)]."""
        h = states[0] if isinstance(states, (list, tuple)) else states
        u = self.units
        x = ops.matmul(self.drop_inputs(inputs), self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias[0] if self.reset_after else self.bias)
        before = self.drop_state(h)
        xz, xr, xh = ops.split(x, 3, axis=1)
        if self.reset_after:
            s = ops.matmul(before, self.recurrent_kernel)
            if self.bias is not None:
                s = ops.add(s, self.bias[1])
            hz, hr, hh = ops.split(s, 3, axis=1)
            z, r = self.recurrent_activation(xz + hz), self.recurrent_activation(xr + hr)
            g = self.activation(xh + r * hh)
        else:
            kernel = ops.convert_to_tensor(self.recurrent_kernel)
            hz, hr = ops.split(ops.matmul(before, kernel[:, : 2 * u]), 2, axis=1)
            z, r = self.recurrent_activation(xz + hz), self.recurrent_activation(xr + hr)
            g = self.activation(xh + ops.matmul(r * before, kernel[:, 2 * u :]))
        h = z * h + (1 - z) * g
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "recurrent_activation", "reset_after")}
