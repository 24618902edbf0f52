"""Maxima and means of windows, place by place over cache-sized chunks of images.

`x` (N, *lengths, C), `y` (N, *cells, C). `winner` (y's shape) is the place in the window of the largest value, the
first of equals. Padding never wins a maximum and does not count in a mean.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from .windows import Array, Pairs, Shape, Windows, carve, chunk_sizes, chunks, scratch_size


@lru_cache(maxsize=512)
def pool_windows(lengths: Shape, channels: int, pool_size: Shape, strides: Shape, padding: Pairs) -> Windows:
    ones = (1,) * len(pool_size)
    return Windows(lengths, channels, pool_size, strides, padding, ones, ones)


def winner_dtype(pool_size: Shape) -> np.dtype[Any]:
    """The smallest dtype that numbers the places of a window."""
    return np.dtype(np.uint8 if prod(pool_size) <= 256 else np.int32)


def pool_scratch(windows: Windows, images: int, itemsize: int) -> int:
    """The number of values that each function here needs as scratch."""
    return scratch_size(_shapes(windows, images, itemsize))


def _shapes(windows: Windows, images: int, itemsize: int) -> tuple[Shape, ...]:
    """Padded images, one place's values, flags (bytes), places."""
    n, rows = chunk_sizes(images, windows.cells[0], _row_bytes(windows, itemsize))
    values = n * rows * windows.row_windows * windows.channels
    return (
        (n, *windows.padded, windows.channels) if windows.pads else (0,),
        (values,),
        (-(-values // itemsize),),
        (-(-4 * values // itemsize),),
    )


def _row_bytes(windows: Windows, itemsize: int) -> int:
    return (prod(windows.strides) + 2) * windows.row_windows * windows.channels * itemsize


def max_pool(
    x: Array, y: Array, winner: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    """y = the largest value of every window, and `winner`, where it is."""
    windows = pool_windows(x.shape[1:-1], x.shape[-1], pool_size, strides, padding)
    padded, _, flags, places = carve(scratch, _shapes(windows, len(x), x.itemsize))
    padded[...] = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    for run, rows in chunks(len(x), windows.cells[0], _row_bytes(windows, x.itemsize)):
        images = windows.pad(x[run], padded)
        for start, stop in rows:
            best, where = y[run, start:stop], winner[run, start:stop]
            larger = flags.view(np.bool_)[: best.size].reshape(best.shape)
            index = places.view(winner.dtype)[: best.size].reshape(best.shape)
            where[...] = 0
            for place, values in enumerate(windows.taps(images, start, stop)):
                if not place:
                    np.copyto(best, values)
                    continue
                np.greater(values, best, out=larger)
                np.maximum(best, values, out=best)
                np.multiply(larger, winner.dtype.type(place), out=index)
                np.maximum(where, index, out=where)


def max_pool_gradient(
    dy: Array, winner: Array, dx: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    """dx = the sum of the dy of all windows in which the value won."""
    windows = pool_windows(dx.shape[1:-1], dx.shape[-1], pool_size, strides, padding)
    padded, products, flags, _ = carve(scratch, _shapes(windows, len(dx), dx.itemsize))
    apart = all(s >= k for s, k in zip(strides, pool_size, strict=True))
    for run, rows in chunks(len(dx), windows.cells[0], _row_bytes(windows, dx.itemsize)):
        sums = padded[: len(dx[run])] if windows.pads else dx[run]
        if not (apart and windows.covers):
            sums[...] = 0
        for start, stop in rows:
            g, where = dy[run, start:stop], winner[run, start:stop]
            won = flags.view(np.bool_)[: g.size].reshape(g.shape)
            product = products[: g.size].reshape(g.shape)
            for place, target in enumerate(windows.taps(sums, start, stop)):
                np.equal(where, place, out=won)
                if apart:
                    np.multiply(g, won, out=target)
                else:
                    np.multiply(g, won, out=product)
                    np.add(target, product, out=target)
        if windows.pads:
            dx[run] = sums[windows.interior]


@lru_cache(maxsize=64)
def _counts(windows: Windows) -> Array:
    """The number of values that are no padding in every window: (*cells, 1)."""
    counts: Array = np.ones((1,) * len(windows.kernel), np.float64)
    for axis, (n, k, s, (low, _)) in enumerate(
        zip(windows.lengths, windows.kernel, windows.strides, windows.padding, strict=True)
    ):
        start = np.arange(windows.cells[axis]) * s - low
        inside = np.minimum(start + k, n) - np.maximum(start, 0)
        counts = counts * inside.reshape([-1 if a == axis else 1 for a in range(len(windows.kernel))])
    return counts[..., None]


def average_pool(x: Array, y: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs) -> None:
    """y = the mean of every window's values."""
    windows = pool_windows(x.shape[1:-1], x.shape[-1], pool_size, strides, padding)
    padded = carve(scratch, _shapes(windows, len(x), x.itemsize))[0]
    padded[...] = 0
    counts = _counts(windows).astype(y.dtype)
    for run, rows in chunks(len(x), windows.cells[0], _row_bytes(windows, x.itemsize)):
        images = windows.pad(x[run], padded)
        for start, stop in rows:
            sums = y[run, start:stop]
            for place, values in enumerate(windows.taps(images, start, stop)):
                if place:
                    np.add(sums, values, out=sums)
                else:
                    np.copyto(sums, values)
            np.divide(sums, counts[start:stop], out=sums)


def average_pool_gradient(
    dy: Array, dx: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
) -> None:
    """dx = the sum of dy / count of all windows that hold the value."""
    windows = pool_windows(dx.shape[1:-1], dx.shape[-1], pool_size, strides, padding)
    padded, products, *_ = carve(scratch, _shapes(windows, len(dx), dx.itemsize))
    counts = _counts(windows).astype(dy.dtype)
    for run, rows in chunks(len(dx), windows.cells[0], _row_bytes(windows, dx.itemsize)):
        sums = padded[: len(dx[run])] if windows.pads else dx[run]
        sums[...] = 0
        for start, stop in rows:
            g = dy[run, start:stop]
            share = products[: g.size].reshape(g.shape)
            np.divide(g, counts[start:stop], out=share)
            for target in windows.taps(sums, start, stop):
                np.add(target, share, out=target)
        if windows.pads:
            dx[run] = sums[windows.interior]
