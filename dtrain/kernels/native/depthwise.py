"""Convolution of every channel with one kernel of its own, in one pass; with several, as NumPy does it."""

from __future__ import annotations

from dtrain.kernels.numpy import depthwise as reference
from dtrain.kernels.numpy.depthwise import depthwise_scratch, depthwise_windows
from dtrain.kernels.numpy.windows import Array, Pairs, Shape

from . import _native
from .geometry import Numbers, convolution_numbers

__all__ = ["depthwise_scratch", "depthwise_windows", "forward", "input_gradient", "weight_gradient"]


def _numbers(x_shape: Shape, w_shape: Shape, strides: Shape, padding: Pairs, dilation: Shape) -> Numbers:
    if w_shape[-1] != 1:
        return None
    # To the compiled code a filter for each channel: as many filters as channels.
    square = (*w_shape[:-1], w_shape[-2])
    return convolution_numbers(x_shape, square, strides, padding, dilation, None, "linear", any_size=True)


def forward(x: Array, w: Array, y: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape) -> None:
    numbers = _numbers(x.shape, w.shape, strides, padding, dilation)
    if numbers is None or not _native.depthwise(x, w, y, *numbers):
        reference.forward(x, w, y, scratch, strides=strides, padding=padding, dilation=dilation)


def weight_gradient(
    dy: Array, x: Array, dw: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
) -> None:
    numbers = _numbers(x.shape, dw.shape, strides, padding, dilation)
    if numbers is None or not _native.depthwise_weight_gradient(dy, x, dw, *numbers):
        reference.weight_gradient(dy, x, dw, scratch, strides=strides, padding=padding, dilation=dilation)


def input_gradient(
    dy: Array, w: Array, dx: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
) -> None:
    numbers = _numbers(dx.shape, w.shape, strides, padding, dilation)
    if numbers is None or not _native.depthwise_input_gradient(dy, w, dx, *numbers):
        reference.input_gradient(dy, w, dx, scratch, strides=strides, padding=padding, dilation=dilation)
