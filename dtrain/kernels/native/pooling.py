"""Maxima and means of windows over one or two axes, without padding in memory."""

from __future__ import annotations

from dtrain.kernels.numpy import pooling as reference
from dtrain.kernels.numpy.pooling import pool_scratch, pool_windows, winner_dtype
from dtrain.kernels.numpy.windows import Array, Pairs, Shape

from . import _native
from .geometry import pooling_numbers

__all__ = [
    "average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient", "pool_scratch", "pool_windows",
    "winner_dtype",
]  # fmt: skip


def max_pool(
    x: Array, y: Array, winner: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    numbers = pooling_numbers(x.shape, pool_size, strides, padding)
    if numbers is None or not _native.max_pool(x, y, winner, *numbers):
        reference.max_pool(x, y, winner, scratch, pool_size=pool_size, strides=strides, padding=padding)


def max_pool_gradient(
    dy: Array, winner: Array, dx: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    numbers = pooling_numbers(dx.shape, pool_size, strides, padding)
    if numbers is None or not _native.max_pool_gradient(dy, winner, dx, *numbers):
        reference.max_pool_gradient(dy, winner, dx, scratch, pool_size=pool_size, strides=strides, padding=padding)


def average_pool(x: Array, y: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs) -> None:
    numbers = pooling_numbers(x.shape, pool_size, strides, padding)
    if numbers is None or not _native.average_pool(x, y, *numbers):
        reference.average_pool(x, y, scratch, pool_size=pool_size, strides=strides, padding=padding)


def average_pool_gradient(
    dy: Array, dx: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    numbers = pooling_numbers(dx.shape, pool_size, strides, padding)
    if numbers is None or not _native.average_pool_gradient(dy, dx, *numbers):
        reference.average_pool_gradient(dy, dx, scratch, pool_size=pool_size, strides=strides, padding=padding)
