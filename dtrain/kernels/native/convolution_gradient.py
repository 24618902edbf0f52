"""Gradients of a convolution with bias, activation and max-pooling, image by image and without a patch matrix."""

from __future__ import annotations

from dtrain.kernels.numpy import convolution_gradient as reference
from dtrain.kernels.numpy.convolution_gradient import backward_scratch
from dtrain.kernels.numpy.windows import Array, Pairs, Shape

from . import _native
from .geometry import convolution_numbers

__all__ = ["backward", "backward_scratch"]


def backward(
    dy: Array, x: Array | None, w: Array | None, y: Array | None, winner: Array | None,
    dx: Array | None, dw: Array | None, db: Array | None, scratch: Array,
    *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str, bias: bool,
) -> None:  # fmt: skip
    images, weights = dx if x is None else x, dw if w is None else w
    numbers = None
    if images is not None and weights is not None:
        numbers = convolution_numbers(images.shape, weights.shape, strides, padding, dilation, pool, activation)
    if numbers is None or not _native.convolve_gradient(dy, x, w, y, winner, dx, dw, db, *numbers):
        reference.backward(
            dy, x, w, y, winner, dx, dw, db, scratch,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation, bias=bias,
        )  # fmt: skip
