"""One step of a long short-term memory whose products are convolutions (Shi et al. 2015, arXiv:1506.04214)."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops

from ..arguments import int_tuple, one_of, plain_attributes
from .lstm_cell import LSTMCell


class ConvLSTMCell(LSTMCell):
    """`LSTMCell` for images and the like: `z = conv(x, kernel) + conv(h, recurrent_kernel) + bias`.

    C channels, F filters, k kernel lengths: `kernel` (*k, C, 4 F), `recurrent_kernel` (*k, F, 4 F), `bias` (4 F,).

    Args:
        rank: number of axes that the kernel moves along.
        filters: number of channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of the inputs, as in `Conv2D`;
            that of the state keeps its size.

    All other arguments as in `LSTMCell`.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, **kwargs)
        name = type(self).__name__
        self.rank = rank
        self.filters = self.units
        self.kernel_size = int_tuple(name, "kernel_size", kernel_size, rank)
        self.strides = int_tuple(name, "strides", strides, rank)
        self.padding = one_of(name, "padding", padding, ("valid", "same"))
        self.data_format = config.standardize_data_format(data_format)
        self.dilation_rate = int_tuple(name, "dilation_rate", dilation_rate, rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{name}: strides and dilation_rate cannot both be above 1. Received: {strides=}, {dilation_rate=}"
            )
        self._places: tuple[int, ...] = ()

    def kernel_shapes(self, input_shape: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of `kernel` and `recurrent_kernel`."""
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        width = self.gates * self.filters
        return (*self.kernel_size, channels, width), (*self.kernel_size, self.filters, width)

    def build(self, input_shape: Any) -> None:
        """Make `kernel`, `recurrent_kernel` and `bias`."""
        super().build(input_shape)
        start = 2 if self.data_format == "channels_first" else 1
        self._places = tuple(
            self._length(int(n), axis) for axis, n in enumerate(input_shape[start : start + self.rank])
        )

    def _length(self, length: int, axis: int) -> int:
        """How many places the convolution of the inputs has along an axis."""
        if self.padding == "same":
            return -(-length // self.strides[axis])
        window = self.dilation_rate[axis] * (self.kernel_size[axis] - 1) + 1
        return (length - window) // self.strides[axis] + 1

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros, of the shape of one output."""
        first = self.data_format == "channels_first"
        shape = (self.filters, *self._places) if first else (*self._places, self.filters)
        return [ops.zeros((batch_size, *shape), dtype=self.compute_dtype) for _ in range(2)]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Output and new states for inputs (N, ..., C) and states [h (N, ..., F), c (N, ..., F)]."""
        h, c = states
        z = ops.conv(
            self.drop_inputs(inputs), self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )
        z = z + ops.conv(self.drop_state(h), self.recurrent_kernel, 1, "same", self.data_format)
        first = self.data_format == "channels_first"
        if self.bias is not None:
            z = ops.add(z, ops.reshape(self.bias, (-1, *(1,) * self.rank)) if first else self.bias)
        i, f, g, o = ops.split(z, 4, axis=1 if first else self.rank + 1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["units"]
        return {
            **config,
            **plain_attributes(
                self, "rank", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"
            ),
        }
