"""Convolution as matrix products over cache-sized chunks, with bias, activation and max-pooling done on the way.

N images, C channels, F filters: `x` (N, *lengths, C), `w` (*kernel, C, F), `b` (F,), `y` (N, *cells, F). A maximum
commutes with adding a bias and with an activation that never falls, so pooling comes first and the activation works
on the pooled values. `winner` (uint8, y's shape) holds which window of a cell was the largest, the first of equals.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from .elementwise import activate
from .products import windows_times
from .windows import Array, Pairs, Shape, Windows, blocks, carve, chunk_sizes, scratch_size


@lru_cache(maxsize=512)
def windows_of(
    lengths: Shape, w_shape: Shape, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, bias: bool
) -> Windows:
    """The windows of a convolution's kernel; `pool` None means no pooling."""
    *kernel, channels, _ = w_shape
    return Windows(lengths, channels, tuple(kernel), strides, padding, dilation, pool or (1,) * len(kernel), bias)


def forward_scratch(windows: Windows, images: int, filters: int, itemsize: int) -> int:
    """The number of values that `forward` needs as scratch."""
    return scratch_size(_shapes(windows, images, filters, itemsize))


def _shapes(windows: Windows, images: int, filters: int, itemsize: int) -> tuple[Shape, ...]:
    """Padded images, patches, windows' results, terms of these, flags (bytes), weights above their bias."""
    n, rows = chunk_sizes(images, windows.cells[0], row_bytes(windows, filters, itemsize))
    m = n * rows * windows.row_windows
    return (
        (n, *windows.padded, windows.channels) if windows.pads else (0,),
        (0 if windows.pointwise else m * windows.columns,),
        (m, filters),
        (m * filters if windows.by_rows else 0,),
        (-(-m * filters // itemsize),),
        (windows.columns, filters) if windows.ones else (0,),
    )


def row_bytes(windows: Windows, filters: int, itemsize: int) -> int:
    return windows.row_windows * (windows.columns + filters) * itemsize


def forward(
    x: Array,
    w: Array,
    b: Array | None,
    y: Array,
    winner: Array | None,
    scratch: Array,
    *,
    strides: Shape,
    padding: Pairs,
    dilation: Shape,
    pool: Shape | None,
    activation: str,
) -> None:
    """y = max_pool(activation(conv(x, w) + b)); with `pool`, also `winner`."""
    windows = windows_of(x.shape[1:-1], w.shape, strides, padding, dilation, pool, b is not None)
    filters, itemsize = w.shape[-1], x.itemsize
    shapes = _shapes(windows, len(x), filters, itemsize)
    padded, patches, results, spare, flags, weights = carve(scratch, shapes)
    matrix = _weights(w, b, weights)
    padded[...] = 0
    n, rows = chunk_sizes(len(x), windows.cells[0], row_bytes(windows, filters, itemsize))
    for first, last in blocks(len(x), n):
        images = windows.pad(x[first:last], padded)
        for start, stop in blocks(windows.cells[0], rows):
            target = y[first:last, start:stop]
            direct = pool is None and target.flags.c_contiguous
            out = target.reshape(-1, filters) if direct else results[: target.size // filters * prod(windows.pool)]
            windows_times(windows, images, start, stop, matrix, patches, spare, out)
            if pool is not None and winner is not None:
                best = _pool(out, winner[first:last, start:stop], prod(pool), flags.view(np.bool_))
                activate(activation, best.reshape(target.shape), target)
            elif direct:
                activate(activation, out, out)
            else:
                activate(activation, out.reshape(target.shape), target)


def _weights(w: Array, b: Array | None, buffer: Array) -> Array:
    """`w` as a matrix (k, F), with the bias as its last row if there is one."""
    if b is None:
        return w.reshape(-1, w.shape[-1])
    buffer[:-1] = w.reshape(-1, w.shape[-1])
    buffer[-1] = b
    return buffer


def _pool(results: Array, winner: Array, places: int, flags: Array) -> Array:
    """The largest of the `places` equal parts of `results`, value by value, in the memory of the first part."""
    parts = results.reshape(places, *winner.shape)
    best: Array = parts[0]
    larger = flags[: winner.size].reshape(winner.shape)
    winner[...] = 0
    for place in range(1, places):
        np.greater(parts[place], best, out=larger)
        np.maximum(best, parts[place], out=best)
        index = larger.view(np.uint8)
        np.multiply(index, np.uint8(place), out=index)
        np.maximum(winner, index, out=winner)
    return best
