"""What the cells of SimpleRNN, LSTM and GRU have in common. I inputs, u units, G gates."""

from __future__ import annotations

from typing import Any

from dtrain import activations, constraints, initializers, ops, regularizers

from ..arguments import fraction, plain_attributes, positive_int
from ..layer import Layer
from ..regularization.random_layer import stream_for
from .dropout_cell import DropoutCell


class BaseCell(DropoutCell, Layer):
    """One step of a recurrent layer: `call(inputs, states) -> (output, new states)`.

    Args:
        units: length of the state.
        activation: of the candidate state.
        use_bias: whether a bias is added.
        dropout, recurrent_dropout: fraction of inputs, and of the state, that is dropped while training.
        seed: gives dropout a stream of masks of its own.
    """

    gates = 1

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)  # a choice of kernels in Keras 2; the numbers are the same
        super().__init__(**kwargs)
        name = type(self).__name__
        self.units = positive_int(name, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = fraction(name, "dropout", dropout)
        self.recurrent_dropout = fraction(name, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = stream_for(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of `bias`."""
        return (self.gates * self.units,)

    def make_bias_initializer(self) -> Any:
        """What fills `bias` first."""
        return self.bias_initializer

    def kernel_shapes(self, input_shape: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of `kernel` and `recurrent_kernel`."""
        width = self.gates * self.units
        return (input_shape[-1], width), (self.units, width)

    def build(self, input_shape: Any) -> None:
        """Make `kernel` (I, G u), `recurrent_kernel` (u, G u) and `bias`."""
        shape, recurrent_shape = self.kernel_shapes(input_shape)
        self.kernel = self.add_weight(
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            recurrent_shape,
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            name="recurrent_kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                self.bias_shape(),
                self.make_bias_initializer(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros, (N, u) each."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "units", "activation", "use_bias", "kernel_initializer", "recurrent_initializer",
                "bias_initializer", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
                "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
            ),
        }  # fmt: skip
