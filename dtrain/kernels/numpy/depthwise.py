"""Convolution of every channel with kernels of its own, tap by tap over cache-sized chunks of images.

N images, C channels, D filters for each of them: `x` (N, *lengths, C), `w` (*kernel, C, D), `y` (N, *outputs, C * D).
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from .windows import Array, Pairs, Shape, Windows, carve, chunk_sizes, chunks, scratch_size


@lru_cache(maxsize=512)
def depthwise_windows(lengths: Shape, w_shape: Shape, strides: Shape, padding: Pairs, dilation: Shape) -> Windows:
    """The windows over the images with every channel repeated D times."""
    *kernel, channels, multiplier = w_shape
    ones = (1,) * len(kernel)
    return Windows(lengths, channels * multiplier, tuple(kernel), strides, padding, dilation, ones)


def depthwise_scratch(windows: Windows, images: int, itemsize: int) -> int:
    """The number of values that each function here needs as scratch."""
    return scratch_size(_shapes(windows, images, itemsize))


def _shapes(windows: Windows, images: int, itemsize: int) -> tuple[Shape, ...]:
    """Padded images, one tap's products, the kernel's taps each repeated along a row of outputs, sums of products."""
    row = windows.row_windows * windows.channels
    n, rows = chunk_sizes(images, windows.cells[0], _row_bytes(windows, itemsize))
    return (
        (n, *windows.padded, windows.channels),
        (n * rows * row,),
        (prod(windows.kernel), windows.cells[-1], windows.channels),
        (n * rows * windows.row_windows,),
        (windows.channels,),
    )


def _row_bytes(windows: Windows, itemsize: int) -> int:
    return 4 * windows.row_windows * windows.channels * itemsize


def _tile(w: Array, taps: Array) -> None:
    np.copyto(taps, w.reshape(len(taps), 1, -1))


def _spread(x: Array, windows: Windows, padded: Array) -> Array:
    """`x` in zeros, every channel as often as it has filters; the border of `padded` holds zeros already."""
    images = padded[: len(x)]
    inner = images[windows.interior]
    inner.reshape(*x.shape, -1)[...] = x[..., None]
    return images


def forward(x: Array, w: Array, y: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape) -> None:
    """y[..., c * D + d] = convolution of x[..., c] with w[..., c, d]."""
    windows = depthwise_windows(x.shape[1:-1], w.shape, strides, padding, dilation)
    padded, products, taps, _, _ = carve(scratch, _shapes(windows, len(x), x.itemsize))
    padded[...] = 0
    _tile(w, taps)
    for run, rows in chunks(len(x), windows.cells[0], _row_bytes(windows, x.itemsize)):
        images = _spread(x[run], windows, padded)
        for start, stop in rows:
            target = y[run, start:stop]
            product = products[: target.size].reshape(target.shape)
            for number, part in enumerate(windows.taps(images, start, stop)):
                out = product if number else target
                np.multiply(part, taps[number], out=out)
                if number:
                    np.add(target, product, out=target)


def weight_gradient(
    dy: Array, x: Array, dw: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
) -> None:
    """dw[tap, c, d] = sum of dy[..., c * D + d] times the values of x[..., c] that the tap met."""
    windows = depthwise_windows(x.shape[1:-1], dw.shape, strides, padding, dilation)
    padded, products, _, ones, sums = carve(scratch, _shapes(windows, len(x), x.itemsize))
    padded[...] = 0
    ones[...] = 1
    dw[...] = 0
    gradients = dw.reshape(prod(windows.kernel), -1)
    for run, rows in chunks(len(x), windows.cells[0], _row_bytes(windows, x.itemsize)):
        images = _spread(x[run], windows, padded)
        for start, stop in rows:
            g = dy[run, start:stop]
            product = products[: g.size].reshape(-1, windows.channels)
            for number, part in enumerate(windows.taps(images, start, stop)):
                np.multiply(part, g, out=product.reshape(g.shape))
                np.matmul(ones[: len(product)], product, out=sums)
                np.add(gradients[number], sums, out=gradients[number])


def input_gradient(
    dy: Array, w: Array, dx: Array, scratch: Array, *, strides: Shape, padding: Pairs, dilation: Shape
) -> None:
    """dx[..., c] = sum over taps and filters of dy[..., c * D + d] * w[tap, c, d], at the value that the tap met."""
    windows = depthwise_windows(dx.shape[1:-1], w.shape, strides, padding, dilation)
    padded, products, taps, _, _ = carve(scratch, _shapes(windows, len(dy), dy.itemsize))
    _tile(w, taps)
    for run, rows in chunks(len(dy), windows.cells[0], _row_bytes(windows, dy.itemsize)):
        sums = padded[: len(dx[run])]
        sums[...] = 0
        for start, stop in rows:
            g = dy[run, start:stop]
            product = products[: g.size].reshape(g.shape)
            for number, part in enumerate(windows.taps(sums, start, stop)):
                np.multiply(g, taps[number], out=product)
                np.add(part, product, out=part)
        target = dx[run]
        np.add.reduce(sums[windows.interior].reshape(*target.shape, -1), axis=-1, out=target)
