"""Transposed convolutions over 1, 2 or 3 axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor, apply, promote
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import convolution as kernels
from dtrain.kernels import convolution_gradient as gradients
from dtrain.kernels.numpy.windows import Pairs, Shape, output_lengths

from .convolution import PLAIN, image_operands
from .spatial import per_axis, restore_channels


class ConvTranspose(Op):
    """y = the gradient that a convolution with w gives to its input.   x (N, *lengths, C)   w (*kernel, F, C)

    y (N, *outputs, F); `strides`, `padding` and `dilation` are those of the convolution from y to x.
    """

    @staticmethod
    def spec(x: Spec, w: Spec, *, outputs: Shape, strides: Shape, padding: Pairs, dilation: Shape) -> dict[str, Spec]:
        windows = kernels.windows_of(outputs, w.shape, strides, padding, dilation, None, False)
        y = Spec((x.shape[0], *outputs, w.shape[-2]), promote(x.dtype, w.dtype), x.batch, x.total)
        size = (x.shape[0], w.shape[-1], y.dtype.itemsize)
        return {
            "y": y,
            "scratch": Spec((gradients.backward_scratch(windows, *size),), y.dtype),
            "scratch_dw": Spec((gradients.backward_scratch(windows, *size),), y.dtype),
            "scratch_dx": Spec((kernels.forward_scratch(windows, *size),), y.dtype),
        }

    @staticmethod
    def forward(
        x: Array, w: Array, y: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        gradients.backward(
            x, None, w, None, None, y, None, None, scratch,
            strides=strides, padding=padding, dilation=dilation, bias=False, **PLAIN,
        )  # fmt: skip

    @staticmethod
    def dw(
        dy: Array, x: Array, dw: Array, scratch_dw: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        gradients.backward(
            x, dy, None, None, None, None, dw, None, scratch_dw,
            strides=strides, padding=padding, dilation=dilation, bias=False, **PLAIN,
        )  # fmt: skip

    @staticmethod
    def dx(
        dy: Array, w: Array, dx: Array, scratch_dx: Array, *, strides: Shape, padding: Pairs, dilation: Shape
    ) -> None:
        kernels.forward(
            dy, w, None, dx, None, scratch_dx,
            strides=strides, padding=padding, dilation=dilation, **PLAIN,
        )  # fmt: skip


def _transpose_axis(
    n: int, kernel: int, stride: int, dilation: int, padding: str, extra: int | None
) -> tuple[int, int]:
    """Length of the output of a transposed convolution along one axis, and the padding before it that it undoes.

    As in Keras: "same" makes `n * stride` outputs, "valid" `(n - 1) * stride + max(kernel, stride)`, unless
    `output_padding` (`extra`) says how many are added to the least number.
    """
    reach = dilation * (kernel - 1) + 1
    if padding == "valid":
        missing = max(stride - reach, 0) if extra is None else extra
        return (n - 1) * stride + reach + missing, 0
    total = stride + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
    before = min(total // 2 + total % 2, reach - 1)
    return (n - 1) * stride + 1 + total - (reach - 1), reach - 1 - before


@symbolic
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """The transpose of a convolution over 1, 2 or 3 axes: spreads every input value over `strides` outputs.

    `y[n, strides * i + dilation_rate * k - pad, f] += inputs[n, i, c] * kernel[k, f, c]`

    Args:
        kernel: (*kernel lengths, filters, channels).
        padding: "valid" or "same" (`length * stride` outputs).
        output_padding: number of outputs added at the end of each axis to the least number; None: as `padding` says.
    """
    x, w, first = image_operands("conv_transpose", inputs, kernel, data_format)
    *k, _, channels = w.spec.shape
    rank, lengths = x.ndim - 2, x.spec.shape[1:-1]
    if channels != x.spec.shape[-1]:
        raise ValueError(
            "conv_transpose: expected a kernel of shape (*lengths, filters, channels). "
            f"Received: {x.spec.shape[-1]} channels and a kernel of shape {w.spec.shape}"
        )
    if str(padding).lower() not in ("valid", "same"):
        raise ValueError(f'conv_transpose: expected padding to be "valid" or "same". Received: padding={padding!r}')
    steps = per_axis("conv_transpose", "strides", strides, rank)
    rates = per_axis("conv_transpose", "dilation_rate", dilation_rate, rank)
    extras = (output_padding,) * rank if output_padding is None or isinstance(output_padding, int) else output_padding
    pairs, outputs = [], []
    for n, size, s, d, extra in zip(lengths, k, steps, rates, extras, strict=True):
        length, low = _transpose_axis(n, size, s, d, str(padding).lower(), extra)
        high = (n - 1) * s + d * (size - 1) + 1 - length - low
        pairs.append((low, max(high, 0)))
        outputs.append(length)
    found = output_lengths(tuple(outputs), tuple(k), steps, tuple(pairs), rates)
    if found != lengths:
        raise ValueError(
            "conv_transpose: expected output_padding to be smaller than strides. "
            f"Received: output_padding={output_padding}, strides={strides}"
        )
    y = apply(ConvTranspose, x, w, outputs=tuple(outputs), strides=steps, padding=tuple(pairs), dilation=rates)
    return restore_channels(y, first)
