"""What the convolution layers of 1, 2 and 3 axes have in common. N batch, C channels, F filters, k kernel lengths."""

from __future__ import annotations

from typing import Any

from dtrain import activations, config, constraints, initializers, ops, regularizers

from ..arguments import int_tuple, one_of, plain_attributes, positive_int
from ..input_spec import InputSpec
from ..layer import Layer


class BaseConv(Layer):
    """`y = activation(conv(x, kernel) + bias)` over `rank` axes.

    Args:
        rank: number of axes that the kernel moves along.
        filters: number of outputs at each place.
        kernel_size, strides, dilation_rate: an integer for all axes, or one for each.
        padding: "valid", "same", and on one axis "causal".
        data_format: "channels_last" (N, ..., C) or "channels_first" (N, C, ...); default: that of the configuration.
        groups: number of groups of channels that are convolved apart from one another.
    """

    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        layer = type(self).__name__
        self.rank = rank
        self.filters = positive_int(layer, "filters", filters)
        self.kernel_size = int_tuple(layer, "kernel_size", kernel_size, rank)
        self.strides = int_tuple(layer, "strides", strides, rank)
        self.padding = one_of(layer, "padding", padding, self.paddings)
        self.data_format = config.standardize_data_format(data_format)
        self.dilation_rate = int_tuple(layer, "dilation_rate", dilation_rate, rank)
        self.groups = positive_int(layer, "groups", groups)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(ndim=rank + 2)
        if self.filters % self.groups:
            raise ValueError(f"{layer}: groups must divide filters. Received: groups={groups}, filters={filters}")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{layer}: strides and dilation_rate cannot both be above 1. Received: {strides=}, {dilation_rate=}"
            )

    def channels(self, input_shape: Any) -> int:
        """The number of channels of an input of this shape.

        Raises:
            ValueError: when it is not known.
        """
        axis = 1 if self.data_format == "channels_first" else -1
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(f"{type(self).__name__} {self.name!r}: the number of channels must be known. Got None")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return int(channels)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """The shape of the kernel: (*k, C / groups, F)."""
        return (*self.kernel_size, channels // self.groups, self.filters)

    def build(self, input_shape: Any) -> None:
        """Make `kernel` (*k, C / groups, F) and `bias` (F,)."""
        channels = self.channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: groups={self.groups} must divide the {channels} channels"
            )
        self.kernel = self.add_weight(
            self.kernel_shape(channels),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.add_bias(self.filters)

    def add_bias(self, outputs: int) -> None:
        """Make `bias` (outputs,), or None."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (outputs,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def convolve(self, inputs: Any) -> Any:
        """The convolution alone."""
        return ops.conv(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def call(self, inputs: Any) -> Any:
        """`activation(conv(inputs, kernel) + bias)`"""
        y = self.convolve(inputs)
        if self.bias is not None:
            first = self.data_format == "channels_first"
            y = ops.add(y, ops.reshape(self.bias, (-1, *(1,) * self.rank)) if first else self.bias)
        return y if self.activation is None else self.activation(y)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups",
                "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
                "bias_regularizer", "kernel_constraint", "bias_constraint",
            ),
        }  # fmt: skip
