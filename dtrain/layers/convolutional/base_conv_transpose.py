"""What the transposed convolutions of 1, 2 and 3 axes have in common. C channels, F filters, k kernel lengths."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import int_tuple, plain_attributes
from .base_conv import BaseConv


class BaseConvTranspose(BaseConv):
    """`y = activation(transposed conv(x, kernel) + bias)`: the gradient of a convolution, as a layer of its own.

    Args:
        output_padding: lengths added at the end of each axis, which choose among the sizes that a convolution with
            these strides would shrink to the input's size (None: as Keras infers them).

    All other arguments as in `BaseConv`.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        super().__init__(
            rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            1,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
        name = type(self).__name__
        self.output_padding = (
            None if output_padding is None else int_tuple(name, "output_padding", output_padding, rank, minimum=0)
        )
        if self.output_padding and any(o >= s for o, s in zip(self.output_padding, self.strides, strict=True)):
            raise ValueError(f"{name}: output_padding must be below strides. Received: {output_padding=}, {strides=}")

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """The shape of the kernel: (*k, F, C)."""
        return (*self.kernel_size, self.filters, channels)

    def convolve(self, inputs: Any) -> Any:
        """The transposed convolution alone."""
        return ops.conv_transpose(
            inputs, self.kernel, self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["groups"]
        return {**config, **plain_attributes(self, "output_padding")}
