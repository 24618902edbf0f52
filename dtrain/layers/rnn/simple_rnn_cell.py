"""One step of a plain recurrent network."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_cell import BaseCell


class SimpleRNNCell(BaseCell):
    """`h' = activation(x @ kernel + bias + h @ recurrent_kernel)`. Arguments as in `BaseCell`."""

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Output and new states for inputs (N, I) and states [h (N, u)]."""
        h = states[0] if isinstance(states, (list, tuple)) else states
        y = ops.matmul(self.drop_inputs(inputs), self.kernel)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        y = self.activation(y + ops.matmul(self.drop_state(h), self.recurrent_kernel))
        return y, [y]
