"""Gradients of a convolution with bias, activation and max-pooling, over the same cache-sized chunks.

The gradient of a chunk is taken from `dy` straight to the windows' results, without pooling's or the activation's own
gradient in memory, and handed to what makes `dw`, `db` and `dx` of it.
"""

from __future__ import annotations

from math import prod

import numpy as np

from .convolution import row_bytes, windows_of
from .convolution_parts import MirrorGradient, Part, TapGradient, WeightGradient, mirror_chunk, mirrored
from .elementwise import scale_by_slope
from .windows import Array, Pairs, Shape, Windows, blocks, carve, chunk_sizes, scratch_size


def backward(
    dy: Array,
    x: Array | None,
    w: Array | None,
    y: Array | None,
    winner: Array | None,
    dx: Array | None,
    dw: Array | None,
    db: Array | None,
    scratch: Array,
    *,
    strides: Shape,
    padding: Pairs,
    dilation: Shape,
    pool: Shape | None,
    activation: str,
    bias: bool,
) -> None:
    """Those of dx, dw and db that are wanted.

    `x` is read for dw and db, `w` for dx, `y` for the activation's slope, `winner` with `pool`. `bias` tells whether
    the convolution has one.
    """
    lengths = _either(x, dx).shape[1:-1]
    w_shape = _either(w, dw).shape
    windows = windows_of(lengths, w_shape, strides, padding, dilation, pool, bias)
    filters = w_shape[-1]
    before, after, flags, patches, *rest = carve(scratch, _shapes(windows, len(dy), filters, dy.itemsize))
    parts: list[Part] = []
    if x is not None and (dw is not None or db is not None):
        parts.append(WeightGradient(windows, x, dw, db, patches, *rest[:3]))
    if dx is not None and w is not None:
        mirror = mirrored(windows, filters)
        parts.append(
            TapGradient(windows, w, dx, patches, rest[3]) if mirror is None
            else MirrorGradient(windows, mirror, w, dx, patches, *rest[3:])
        )  # fmt: skip
    n, rows = chunk_sizes(len(dy), windows.cells[0], row_bytes(windows, filters, dy.itemsize))
    for first, last in blocks(len(dy), n):
        for part in parts:
            part.begin(first, last)
        for start, stop in blocks(windows.cells[0], rows):
            g = dy[first:last, start:stop]
            if activation != "linear" and y is not None:
                slope = after[: g.size].reshape(g.shape)
                mask = flags.view(np.bool_)[: g.size].reshape(g.shape)
                scale_by_slope(activation, g, y[first:last, start:stop], slope, mask)
                g = slope
            if pool is not None and winner is not None:
                g = _unpool(g, winner[first:last, start:stop], prod(pool), before, flags.view(np.bool_))
            for part in parts:
                part.add(g, start, stop)
        for part in parts:
            part.end()
    for part in parts:
        part.finish()


def backward_scratch(windows: Windows, images: int, filters: int, itemsize: int) -> int:
    """The number of values that `backward` needs as scratch."""
    return scratch_size(_shapes(windows, images, filters, itemsize))


def _shapes(windows: Windows, images: int, filters: int, itemsize: int) -> tuple[Shape, ...]:
    """Gradients before and after pooling, flags (bytes), patches, then what the parts need: dw and db, then dx."""
    n, rows = chunk_sizes(images, windows.cells[0], row_bytes(windows, filters, itemsize))
    m = n * rows * windows.row_windows
    cells = m // prod(windows.pool)
    padded = (n, *windows.padded, windows.channels)
    weights = (windows.columns, filters)
    patches = m * windows.columns
    dx_shapes: tuple[Shape, ...] = (padded,)
    mirror = mirrored(windows, filters)
    if mirror is not None:
        sub_n, sub_rows = mirror_chunk(mirror, n, windows.channels, itemsize)
        sub_m = sub_n * sub_rows * mirror.row_windows
        patches = max(patches, sub_m * mirror.columns)
        values = (sub_m, windows.channels)
        spare = (sub_m * windows.channels if mirror.by_rows else 0,)
        dx_shapes = ((n, *mirror.padded, filters), (mirror.columns, windows.channels), values, spare)
    pools = (m * filters,) if prod(windows.pool) > 1 else (0,)
    return (
        pools, (cells * filters,), (-(-cells * filters // itemsize),), (patches,),
        padded if windows.pads else (0,), weights, weights,
        *dx_shapes,
    )  # fmt: skip


def _either(first: Array | None, second: Array | None) -> Array:
    array = second if first is None else first
    if array is None:
        raise TypeError("convolution: expected an array or the place of its gradient. Received: neither")
    return array


def _unpool(g: Array, winner: Array, places: int, buffer: Array, flags: Array) -> Array:
    """`g` at the winning place of every cell, 0 at the others: (places, *g.shape)."""
    parts = buffer[: places * g.size].reshape(places, *g.shape)
    won = flags[: g.size].reshape(g.shape)
    for place in range(places):
        np.equal(winner, place, out=won)
        np.multiply(g, won, out=parts[place])
    return parts
