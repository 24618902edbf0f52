"""Sliding windows: lengths, cache-sized chunks of images, and the matrix of patches that a convolution multiplies.

N images, F filters, C channels; m counts the windows of a chunk and k the values of a window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

CHUNK_BYTES = 1 << 20  # what a chunk touches: about the second-level cache of one core
_SHORT_RUN = 16  # with fewer neighbouring values in a window, a patch matrix is gathered column by column


def output_lengths(lengths: Shape, kernel: Shape, strides: Shape, padding: Pairs, dilation: Shape) -> Shape:
    """`(length + padding - dilation * (kernel - 1) - 1) // stride + 1` for every spatial axis."""
    return tuple(
        (n + low + high - d * (k - 1) - 1) // s + 1
        for n, k, s, (low, high), d in zip(lengths, kernel, strides, padding, dilation, strict=True)
    )


def same_padding(lengths: Shape, kernel: Shape, strides: Shape, dilation: Shape) -> Pairs:
    """Zeros before and after each axis for `ceil(length / stride)` outputs; an odd one goes to the end."""
    missing = (
        max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        for n, k, s, d in zip(lengths, kernel, strides, dilation, strict=True)
    )
    return tuple((n // 2, n - n // 2) for n in missing)


def blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of consecutive blocks of at most `size` that cover `count`."""
    for start in range(0, count, size):
        yield start, min(start + size, count)


def chunk_sizes(images: int, rows: int, row_bytes: int) -> tuple[int, int]:
    """How many images, and rows of each image, make a chunk: several whole images, or a part of one."""
    if rows * row_bytes <= CHUNK_BYTES:
        return max(1, min(images, CHUNK_BYTES // max(1, rows * row_bytes))), max(1, rows)
    return 1, max(1, CHUNK_BYTES // row_bytes)


def chunks(images: int, rows: int, row_bytes: int) -> Iterator[tuple[slice, list[tuple[int, int]]]]:
    """Runs of images, each with the blocks (start, stop) of its rows."""
    n, count = chunk_sizes(images, rows, row_bytes)
    for first, last in blocks(images, n):
        yield slice(first, last), list(blocks(rows, count))


@dataclass(frozen=True)
class Windows:
    """Windows of a kernel over images (N, *lengths, C), taken in cells of `pool` neighbouring windows.

    Without pooling a cell is one window. With it, windows at the end that fill no cell are left out. A patch matrix
    has one row per window, ordered (place in the cell, image, cell), and one column per value of the window; with
    `ones`, a last column of ones lets a matrix product add a bias.
    """

    lengths: Shape
    channels: int
    kernel: Shape
    strides: Shape
    padding: Pairs
    dilation: Shape
    pool: Shape
    ones: bool = False

    @cached_property
    def outputs(self) -> Shape:
        """The number of windows along each axis."""
        return output_lengths(self.lengths, self.kernel, self.strides, self.padding, self.dilation)

    @cached_property
    def cells(self) -> Shape:
        """The number of cells along each axis: the lengths of the (pooled) output."""
        return tuple(n // p for n, p in zip(self.outputs, self.pool, strict=True))

    @cached_property
    def columns(self) -> int:
        return prod(self.kernel) * self.channels + self.ones

    @cached_property
    def padded(self) -> Shape:
        return tuple(n + low + high for n, (low, high) in zip(self.lengths, self.padding, strict=True))

    @cached_property
    def pads(self) -> bool:
        return self.padded != self.lengths

    @cached_property
    def pointwise(self) -> bool:
        """Whether the patch matrix is the image itself."""
        single = prod(self.kernel) == prod(self.strides) == prod(self.pool) == 1
        return single and not self.pads and not self.ones

    @cached_property
    def run(self) -> int:
        """Values of a window that are neighbours in memory."""
        return self.channels * (self.kernel[-1] if self.dilation[-1] == 1 else 1)

    @cached_property
    def by_rows(self) -> bool:
        """Whether `row_patches` can stand for the patch matrix: windows move down one row at a time."""
        moves = self.kernel[0] > 1 and self.strides[0] == self.dilation[0] == prod(self.pool) == 1
        return moves and len(self.kernel) > 1 and self.run >= _SHORT_RUN

    @cached_property
    def _first_row(self) -> Windows:
        """Windows of the kernel's first row alone."""
        return replace(self, kernel=(1, *self.kernel[1:]), ones=False)

    @cached_property
    def row_windows(self) -> int:
        """Windows in one row of cells of one image."""
        return prod(self.cells[1:]) * prod(self.pool)

    @cached_property
    def covers(self) -> bool:
        """Whether every value of the padded images lies in a window, strides being no longer than the kernel."""
        steps = zip(self.outputs, self.strides, self.kernel, self.padded, strict=True)
        return all((count - 1) * s + k == n and s <= k for count, s, k, n in steps)

    @cached_property
    def interior(self) -> tuple[slice, ...]:
        """Where the images lie in their padded copy."""
        spatial = (slice(low, low + n) for n, (low, _) in zip(self.lengths, self.padding, strict=True))
        return (slice(None), *spatial)

    def pad(self, images: Array, buffer: Array) -> Array:
        """`images` with their border; that of `buffer` is filled already and stays."""
        if not self.pads:
            return images
        padded = buffer[: len(images)]
        padded[self.interior] = images
        return padded

    def view(self, images: Array, start: int, stop: int) -> Array:
        """The windows of rows `start` to `stop` of cells: a view (*pool, n, rows, *cells[1:], *kernel, C)."""
        batch, *spatial, channel = images.strides
        steps = tuple(a * s for a, s in zip(spatial, self.strides, strict=True))
        cell_steps = tuple(a * p for a, p in zip(steps, self.pool, strict=True))
        taps = tuple(a * d for a, d in zip(spatial, self.dilation, strict=True))
        shape = (*self.pool, len(images), stop - start, *self.cells[1:], *self.kernel, self.channels)
        first = images[:, start * self.pool[0] * self.strides[0] :]
        return as_strided(first, shape, (*steps, batch, *cell_steps, *taps, channel))

    def taps(self, images: Array, start: int, stop: int) -> Iterator[Array]:
        """For every place of the kernel, the values that it meets in rows `start` to `stop` of the outputs (views)."""
        spatial = len(self.kernel)
        view = self.view(images, start, stop)[(0,) * spatial]
        for tap in np.ndindex(self.kernel):
            yield view[(slice(None),) * (1 + spatial) + tap]

    def patches(self, images: Array, start: int, stop: int, buffer: Array) -> Array:
        """The patch matrix (m, k) of rows `start` to `stop` of cells of padded `images`, in the flat `buffer`."""
        if self.pointwise:
            return images[:, start:stop].reshape(-1, self.channels)
        view = self.view(images, start, stop)
        split = 1 + 2 * len(self.kernel)
        m, k = prod(view.shape[:split]), prod(view.shape[split:])
        if self.run < _SHORT_RUN:
            matrix = buffer[: m * self.columns].reshape(self.columns, m)
            order = (*range(split, view.ndim), *range(split))
            np.copyto(matrix[:k].reshape([view.shape[a] for a in order]), view.transpose(order))
            matrix[k:] = 1
            return matrix.T
        matrix = buffer[: m * self.columns].reshape(m, self.columns)
        np.copyto(matrix[:, :k].reshape(view.shape), view)
        matrix[:, k:] = 1
        return matrix

    def row_patches(self, images: Array, start: int, stop: int, buffer: Array) -> list[Array]:
        """For each row of the kernel, the part of every window that it meets: views (n, windows of an image, values).

        They overlap, so that what a patch matrix holds once for each row of the kernel is copied only once.
        """
        height = stop - start + self.kernel[0] - 1
        view = self._first_row.view(images, start, start + height)
        matrix = buffer[: prod(view.shape)].reshape(view.shape)
        np.copyto(matrix, view)
        n, width = len(images), self.row_windows
        rows = matrix.reshape(n, height * width, self._first_row.columns)
        return [rows[:, k * width : (k + stop - start) * width] for k in range(self.kernel[0])]


def scratch_size(shapes: tuple[Shape, ...]) -> int:
    """The number of values that `carve` hands out."""
    return sum(_aligned(prod(shape)) for shape in shapes)


def carve(scratch: Array, shapes: tuple[Shape, ...]) -> list[Array]:
    """Arrays of the given shapes, one after the other in the flat `scratch`."""
    arrays, start = [], 0
    for shape in shapes:
        size = prod(shape)
        arrays.append(scratch[start : start + size].reshape(shape))
        start += _aligned(size)
    return arrays


def _aligned(size: int) -> int:
    return -(-size // 16) * 16  # 64 bytes of float32: every array starts on a cache line
