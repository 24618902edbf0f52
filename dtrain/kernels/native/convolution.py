"""Convolution over one or two axes without a patch matrix, with bias, activation and max-pooling done on the way."""

from __future__ import annotations

from dtrain.kernels.numpy import convolution as reference
from dtrain.kernels.numpy.convolution import forward_scratch, row_bytes, windows_of
from dtrain.kernels.numpy.windows import Array, Pairs, Shape

from . import _native
from .geometry import convolution_numbers

__all__ = ["forward", "forward_scratch", "row_bytes", "windows_of"]


def forward(
    x: Array, w: Array, b: Array | None, y: Array, winner: Array | None, scratch: Array,
    *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str,
) -> None:  # fmt: skip
    numbers = convolution_numbers(x.shape, w.shape, strides, padding, dilation, pool, activation)
    if numbers is None or not _native.convolve(x, w, b, y, winner, *numbers):
        reference.forward(
            x, w, b, y, winner, scratch,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation,
        )  # fmt: skip
