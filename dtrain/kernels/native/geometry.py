"""Shapes as the compiled kernels take them: over two axes, an image of one axis being a row of height 1."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from dtrain.kernels.numpy.convolution import windows_of
from dtrain.kernels.numpy.pooling import pool_windows
from dtrain.kernels.numpy.windows import Pairs, Shape

from .elementwise import ACTIVATIONS

_MOST_WEIGHTS = 1 << 18  # more do not stay in the cache while images go by one at a time: large matrix products win

Numbers = tuple[int, ...] | None
"""What a compiled kernel takes beside its arrays; None where it cannot."""


def _two(shape: Shape, fill: int) -> Shape:
    return (fill,) * (2 - len(shape)) + tuple(shape)


def _sides(padding: Pairs) -> Shape:
    pairs = ((0, 0),) * (2 - len(padding)) + tuple(padding)
    return (*pairs[0], *pairs[1])


@lru_cache(maxsize=512)
def convolution_numbers(
    x_shape: Shape, w_shape: Shape, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None,
    activation: str, any_size: bool = False,
) -> Numbers:  # fmt: skip
    """Images, filters, kernel, strides, padding, dilation, pool, activation.

    `any_size`: however many weights there are.
    """
    lengths, kernel = x_shape[1:-1], w_shape[:-2]
    windows = windows_of(lengths, w_shape, strides, padding, dilation, pool, False)
    weights = prod(w_shape)
    if len(lengths) > 2 or weights < 1 or (weights > _MOST_WEIGHTS and not any_size):
        return None
    if min(*lengths, *windows.cells, 1) < 1:
        return None
    cells = (1,) * len(lengths) if pool is None else pool
    return (
        x_shape[0], *_two(lengths, 1), x_shape[-1], w_shape[-1], *_two(kernel, 1), *_two(strides, 1),
        *_sides(padding), *_two(dilation, 1), *_two(cells, 1), ACTIVATIONS[activation],
    )  # fmt: skip


@lru_cache(maxsize=512)
def pooling_numbers(x_shape: Shape, pool_size: Shape, strides: Shape, padding: Pairs) -> Numbers:
    """Images, window, strides, padding before, outputs."""
    lengths = x_shape[1:-1]
    windows = pool_windows(lengths, x_shape[-1], pool_size, strides, padding)
    if len(lengths) > 2 or min(*lengths, *windows.cells, 1) < 1:
        return None
    top, _, left, _ = _sides(padding)
    return (
        x_shape[0], *_two(lengths, 1), x_shape[-1], *_two(pool_size, 1), *_two(strides, 1), top, left,
        *_two(windows.cells, 1),
    )  # fmt: skip
