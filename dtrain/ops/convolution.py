"""Convolutions over 1, 2 or 3 axes. N images, C channels, F filters; one length of image and kernel for each axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, promote
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import convolution as kernels
from dtrain.kernels import convolution_gradient as gradients
from dtrain.kernels import depthwise
from dtrain.kernels.numpy.windows import Pairs, Shape, output_lengths

from .creation import cast
from .rows import require_whole_rows
from .shaping import reshape
from .spatial import channels_last, padding_pairs, per_axis, require_fit, restore_channels

PLAIN: dict[str, Any] = {"pool": None, "activation": "linear"}


def _group_slices(channels: int, filters: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """For every group, its channels and its filters."""
    c, f = channels // groups, filters // groups
    for k in range(groups):
        yield slice(k * c, (k + 1) * c), slice(k * f, (k + 1) * f)


class Conv(Op):
    """y = cross-correlation of x with w.   x (N, *lengths, C)   w (*kernel, C / groups, F)   y (N, *outputs, F)"""

    @staticmethod
    def spec(x: Spec, w: Spec, *, strides: Shape, padding: Pairs, dilation: Shape, groups: int) -> dict[str, Spec]:
        w_shape = (*w.shape[:-1], w.shape[-1] // groups)
        windows = kernels.windows_of(x.shape[1:-1], w_shape, strides, padding, dilation, None, False)
        y = Spec((x.shape[0], *windows.cells, w.shape[-1]), promote(x.dtype, w.dtype), x.batch, x.total)
        size = (x.shape[0], w_shape[-1], y.dtype.itemsize)
        return {
            "y": y,
            "scratch": Spec((kernels.forward_scratch(windows, *size),), y.dtype),
            "scratch_back": Spec((gradients.backward_scratch(windows, *size),), y.dtype),
        }

    @staticmethod
    def forward(
        x: Array, w: Array, y: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape, groups: int
    ) -> None:
        for c, f in _group_slices(x.shape[-1], w.shape[-1], groups):
            kernels.forward(
                x[..., c], w[..., f], None, y[..., f], None, scratch,
                strides=strides, padding=padding, dilation=dilation, **PLAIN,
            )  # fmt: skip

    @staticmethod
    def dw(
        dy: Array, x: Array, dw: Array, scratch_back: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, groups: int,
    ) -> None:  # fmt: skip
        for c, f in _group_slices(x.shape[-1], dw.shape[-1], groups):
            gradients.backward(
                dy[..., f], x[..., c], None, None, None, None, dw[..., f], None, scratch_back,
                strides=strides, padding=padding, dilation=dilation, bias=False, **PLAIN,
            )  # fmt: skip

    @staticmethod
    def dx(
        dy: Array, w: Array, dx: Array, scratch_back: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, groups: int,
    ) -> None:  # fmt: skip
        for c, f in _group_slices(dx.shape[-1], w.shape[-1], groups):
            gradients.backward(
                dy[..., f], None, w[..., f], None, None, dx[..., c], None, None, scratch_back,
                strides=strides, padding=padding, dilation=dilation, bias=False, **PLAIN,
            )  # fmt: skip


class DepthwiseConv(Op):
    """y[..., c * D + d] = cross-correlation of x[..., c] with w[..., c, d].

    x (N, *lengths, C)   w (*kernel, C, D)   y (N, *outputs, C * D)
    """

    @staticmethod
    def spec(x: Spec, w: Spec, *, strides: Shape, padding: Pairs, dilation: Shape) -> dict[str, Spec]:
        windows = depthwise.depthwise_windows(x.shape[1:-1], w.shape, strides, padding, dilation)
        y = Spec((x.shape[0], *windows.cells, windows.channels), promote(x.dtype, w.dtype), x.batch, x.total)
        scratch = Spec((depthwise.depthwise_scratch(windows, x.shape[0], y.dtype.itemsize),), y.dtype)
        return {"y": y, "scratch": scratch, "scratch_back": scratch}

    @staticmethod
    def forward(
        x: Array, w: Array, y: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        depthwise.forward(x, w, y, scratch, strides=strides, padding=padding, dilation=dilation)

    @staticmethod
    def dw(
        dy: Array, x: Array, dw: Array, scratch_back: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        depthwise.weight_gradient(dy, x, dw, scratch_back, strides=strides, padding=padding, dilation=dilation)

    @staticmethod
    def dx(
        dy: Array, w: Array, dx: Array, scratch_back: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        depthwise.input_gradient(dy, w, dx, scratch_back, strides=strides, padding=padding, dilation=dilation)


def image_operands(name: str, inputs: Any, kernel: Any, data_format: str | None) -> tuple[Tensor, Tensor, bool]:
    """Inputs with channels last and the kernel, in one float dtype, and whether the channels were first."""
    x, first = channels_last(as_tensor(inputs), data_format)
    w = as_tensor(kernel)
    if not 3 <= x.ndim <= 5 or w.ndim != x.ndim:
        raise ValueError(
            f"{name}: expected inputs of shape (batch, 1 to 3 lengths, channels) and a kernel of the same rank. "
            f"Received: inputs of shape {x.spec.global_shape} and a kernel of shape {w.spec.shape}"
        )
    require_whole_rows(name, x.spec, range(1, x.ndim))
    require_whole_rows(name, w.spec, range(w.ndim))
    dtype = promote(x.spec.dtype, w.spec.dtype)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float32)
    x, w = (t if t.spec.dtype == dtype else cast(t, dtype) for t in (x, w))
    return x, w, first


@symbolic
def conv(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 1, 2 or 3 axes.

    `y[n, i, f] = sum over k, c of inputs[n, strides * i + dilation_rate * k - pad, c] * kernel[k, c, f]`

    Args:
        inputs: (batch, *lengths, channels), or (batch, channels, *lengths) with "channels_first".
        kernel: (*kernel lengths, channels / groups, filters); the number of groups follows from the shapes.
        padding: "valid" (none), "same" (`ceil(length / stride)` outputs) or, on one axis, "causal".

    Raises:
        ValueError: for shapes that do not fit together.
    """
    x, w, first = image_operands("conv", inputs, kernel, data_format)
    *k, channels, filters = w.spec.shape
    lengths, rank = x.spec.shape[1:-1], x.ndim - 2
    groups = x.spec.shape[-1] // channels if channels else 0
    if groups < 1 or groups * channels != x.spec.shape[-1] or filters % groups:
        raise ValueError(
            "conv: expected a kernel of shape (*lengths, channels / groups, filters) where groups divides filters. "
            f"Received: {x.spec.shape[-1]} channels and a kernel of shape {w.spec.shape}"
        )
    steps, rates = per_axis("conv", "strides", strides, rank), per_axis("conv", "dilation_rate", dilation_rate, rank)
    pairs = padding_pairs("conv", padding, lengths, tuple(k), steps, rates)
    require_fit("conv", x.spec, tuple(k), output_lengths(lengths, tuple(k), steps, pairs, rates))
    if groups > 1 and channels == 1:
        w = reshape(w, (*k, groups, filters // groups))
        y = apply(DepthwiseConv, x, w, strides=steps, padding=pairs, dilation=rates)
    else:
        y = apply(Conv, x, w, strides=steps, padding=pairs, dilation=rates, groups=groups)
    return restore_channels(y, first)


@symbolic
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolution of every channel with filters of its own: `y[..., c * D + d]` from `inputs[..., c]`.

    Args:
        kernel: (*kernel lengths, channels, D). All else as in `conv`.
    """
    x, w, first = image_operands("depthwise_conv", inputs, kernel, data_format)
    *k, channels, multiplier = w.spec.shape
    if channels != x.spec.shape[-1]:
        raise ValueError(
            "depthwise_conv: expected a kernel of shape (*lengths, channels, multiplier). "
            f"Received: {x.spec.shape[-1]} channels and a kernel of shape {w.spec.shape}"
        )
    w = reshape(w, (*k, 1, channels * multiplier))
    y = conv(x, w, strides, padding, "channels_last", dilation_rate)
    return restore_channels(y, first)


@symbolic
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """`conv(depthwise_conv(inputs, depthwise_kernel), pointwise_kernel)`; the second kernel has length 1 everywhere."""
    x, first = channels_last(as_tensor(inputs), data_format)
    y = depthwise_conv(x, depthwise_kernel, strides, padding, "channels_last", dilation_rate)
    return restore_channels(conv(y, pointwise_kernel, data_format="channels_last"), first)
