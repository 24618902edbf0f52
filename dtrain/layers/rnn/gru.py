"""The gated recurrent unit as a layer."""

from __future__ import annotations

from typing import Any

from dtrain.ops.gru import gru

from .gated import GatedRNN
from .gru_cell import GRUCell


class GRU(GatedRNN):
    """A `GRUCell` over a sequence (N, T, I), in one op where activations are tanh and sigmoid.

    Arguments as in `GRUCell` and `RNN`. `use_cudnn` is accepted as in Keras and has no meaning here.
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation,
            recurrent_activation,
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
            reset_after,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    def fused(self, sequences: Any, states: Any, mask: Any) -> tuple[Any, Any]:
        """All outputs (or the last one) and the last state, by one op."""
        cell = self.cell
        outputs, h = gru(
            sequences, states[0], cell.kernel, cell.recurrent_kernel, cell.bias, mask,
            self.return_sequences, self.go_backwards, self.zero_output_for_mask, cell.reset_after,
        )  # fmt: skip
        return outputs, [h]
