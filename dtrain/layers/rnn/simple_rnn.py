"""The plain recurrent network as a layer."""

from __future__ import annotations

from typing import Any

from dtrain import activations
from dtrain.ops.simple_rnn import simple_rnn

from .gated import GatedRNN
from .simple_rnn_cell import SimpleRNNCell


class SimpleRNN(GatedRNN):
    """A `SimpleRNNCell` over a sequence (N, T, I), in one op for the usual activations.

    Arguments as in `SimpleRNNCell` and `RNN`.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
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
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
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

    def can_fuse(self) -> bool:
        """Whether the op knows the activation."""
        known = [activations.get(name) for name in ("tanh", "relu", "sigmoid", "linear")]
        return self.cell.activation in known and not self.cell.recurrent_dropout

    def fused(self, sequences: Any, states: Any, mask: Any) -> tuple[Any, Any]:
        """All outputs (or the last one) and the last state, by one op."""
        cell = self.cell
        outputs, h = simple_rnn(
            sequences, states[0], cell.kernel, cell.recurrent_kernel, cell.bias, mask,
            self.return_sequences, self.go_backwards, self.zero_output_for_mask, cell.activation.__name__,
        )  # fmt: skip
        return outputs, [h]
