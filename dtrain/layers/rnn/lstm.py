"""The long short-term memory as a layer."""

from __future__ import annotations

from typing import Any

from dtrain.ops.lstm import lstm

from ..input_spec import InputSpec
from .gated import GatedRNN
from .lstm_cell import LSTMCell


class LSTM(GatedRNN):
    """An `LSTMCell` over a sequence (N, T, I), in one op where activations are tanh and sigmoid.

    Arguments as in `LSTMCell` and `RNN`. `use_cudnn` is accepted as in Keras and has no meaning here.
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
        unit_forget_bias: bool = True,
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
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
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
        self.input_spec = [InputSpec(ndim=3)]

    def fused(self, sequences: Any, states: Any, mask: Any) -> tuple[Any, Any]:
        """All outputs (or the last one) and the last states, by one op."""
        cell = self.cell
        outputs, h, c = lstm(
            sequences, tuple(states), cell.kernel, cell.recurrent_kernel, cell.bias, mask,
            self.return_sequences, self.go_backwards, self.zero_output_for_mask,
        )  # fmt: skip
        return outputs, [h, c]
