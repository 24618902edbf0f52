"""A fully connected layer whose sums are written as an einsum equation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import activations, constraints, initializers, ops, regularizers
from dtrain.graph import Variable
from dtrain.initializers.variance_scaling import VarianceScaling

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer
from .einsum_equation import einsum_shapes


class EinsumDense(Layer):
    """`y = activation(einsum(equation, x, kernel) + bias)`

    Args:
        equation: "ab,bc->ac", "...ab,bc->...ac" or "ab...,bc->ac..."; the first axis is that of the batch.
        output_shape: lengths of the output without the batch axis and those of the ellipsis; None: as in the input.
        activation: name or function (None: linear).
        bias_axes: labels of the output's axes that the bias has (None: no bias).
        kernel_initializer, kernel_regularizer, kernel_constraint: of `kernel`.
        bias_initializer, bias_regularizer, bias_constraint: of `bias`.
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make `kernel` and `bias` of the shapes that the equation says."""
        shapes = einsum_shapes(self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        self.kernel = self.add_weight(
            shapes.kernel,
            self._initializer_for(shapes.input_axes, shapes.output_axes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias: Variable | None = None
        if shapes.bias is not None:
            self.bias = self.add_weight(
                shapes.bias,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(ndim=len(input_shape))

    def _initializer_for(self, input_axes: tuple[int, ...], output_axes: tuple[int, ...]) -> Any:
        """The kernel's initializer, told which of its axes are inputs and which are outputs."""
        initializer = self.kernel_initializer
        if not isinstance(initializer, VarianceScaling) or initializer.input_axes is not None:
            return initializer
        axes = {"input_axes": list(input_axes), "output_axes": list(output_axes)}
        return type(initializer).from_config({**initializer.get_config(), **axes})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """`activation(einsum(equation, inputs, kernel) + bias)`"""
        y = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return y if self.activation is None else self.activation(y)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            **plain_attributes(
                self, "equation", "activation", "bias_axes", "kernel_initializer", "bias_initializer",
                "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint",
            ),
        }  # fmt: skip
