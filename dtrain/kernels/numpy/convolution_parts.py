"""The gradients of a convolution, each in the making while the chunks go by.

`w` (*kernel, C, F), `g` the gradient of the windows' results. `dw` and `db` are one product with the patches. `dx` is
a convolution of g with the mirrored kernel or, where that would waste work, the sum of its products with the taps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from math import prod

import numpy as np

from .convolution import row_bytes
from .products import transposed_windows_times, windows_times
from .windows import Array, Windows, blocks, chunk_sizes


class Part(ABC):
    """One gradient in the making. Between `begin` and `end` of a run of images, `add` takes their rows in order."""

    @abstractmethod
    def begin(self, first: int, last: int) -> None:
        """Start with images `first` to `last`."""

    @abstractmethod
    def add(self, g: Array, start: int, stop: int) -> None:
        """Take the gradient of the results in rows `start` to `stop` of cells: (*pool, n, rows, *cells[1:], F)."""

    @abstractmethod
    def end(self) -> None:
        """The rows of these images are complete."""

    @abstractmethod
    def finish(self) -> None:
        """All images are complete."""


class WeightGradient(Part):
    """dw and db: the sum of patches.T @ g over all chunks."""

    def __init__(
        self, windows: Windows, x: Array, dw: Array | None, db: Array | None,
        patches: Array, padded: Array, total: Array, part: Array,
    ) -> None:  # fmt: skip
        self.windows, self.x, self.dw, self.db = windows, x, dw, db
        self.patches, self.padded, self.total, self.part = patches, padded, total, part
        padded[...] = 0
        total[...] = 0

    def begin(self, first: int, last: int) -> None:
        self.images = self.windows.pad(self.x[first:last], self.padded)

    def add(self, g: Array, start: int, stop: int) -> None:
        g = g.reshape(-1, g.shape[-1])
        transposed_windows_times(self.windows, self.images, start, stop, g, self.patches, self.part)
        np.add(self.total, self.part, out=self.total)

    def end(self) -> None:
        """The sum runs over all images."""

    def finish(self) -> None:
        if self.dw is not None:
            values = self.total[:-1] if self.windows.ones else self.total
            self.dw[...] = values.reshape(self.dw.shape)
        if self.db is not None:
            self.db[...] = self.total[-1]


class TapGradient(Part):
    """dx: every product of a result's gradient with a tap of the kernel, added to the value that the tap met."""

    def __init__(self, windows: Windows, w: Array, dx: Array, patches: Array, padded: Array) -> None:
        self.windows, self.dx, self.patches, self.padded = windows, dx, patches, padded
        self.matrix = w.reshape(-1, w.shape[-1]).T  # (F, k)

    def begin(self, first: int, last: int) -> None:
        self.target = self.dx[first:last]
        self.sums = self.padded[: last - first] if self.windows.pads else self.target
        self.sums[...] = 0

    def add(self, g: Array, start: int, stop: int) -> None:
        windows = self.windows
        view = windows.view(self.sums, start, stop)
        matrix = self.patches[: prod(view.shape)].reshape(-1, self.matrix.shape[1])
        np.matmul(g.reshape(len(matrix), -1), self.matrix, out=matrix)
        products = matrix.reshape(view.shape)
        spatial = len(windows.kernel)
        for place in np.ndindex(windows.pool):
            for tap in np.ndindex(windows.kernel):
                where = (*place, *(slice(None),) * (1 + spatial), *tap)
                np.add(view[where], products[where], out=view[where])

    def end(self) -> None:
        if self.windows.pads:
            self.target[...] = self.sums[self.windows.interior]

    def finish(self) -> None:
        """Every run of images was written by `end`."""


@lru_cache(maxsize=512)
def mirrored(windows: Windows, filters: int) -> Windows | None:
    """The windows over the results' gradient that make dx a convolution; None where strides would make it sparse."""
    if prod(windows.strides) != 1:
        return None
    covered = tuple(c * p for c, p in zip(windows.cells, windows.pool, strict=True))
    reach = tuple(d * (k - 1) for d, k in zip(windows.dilation, windows.kernel, strict=True))
    low = tuple(r - before for r, (before, _) in zip(reach, windows.padding, strict=True))
    high = tuple(n + r - c - a for n, r, c, a in zip(windows.lengths, reach, covered, low, strict=True))
    if min(low + high) < 0:
        return None
    ones = (1,) * len(covered)
    return Windows(covered, filters, windows.kernel, ones, tuple(zip(low, high, strict=True)), windows.dilation, ones)


def mirror_chunk(mirror: Windows, images: int, channels: int, itemsize: int) -> tuple[int, int]:
    return chunk_sizes(images, mirror.cells[0], row_bytes(mirror, channels, itemsize))


class MirrorGradient(Part):
    """dx: the convolution of the results' gradient, inside of zeros, with the kernel turned around."""

    def __init__(
        self, windows: Windows, mirror: Windows, w: Array, dx: Array,
        patches: Array, gradients: Array, flipped: Array, values: Array, spare: Array,
    ) -> None:  # fmt: skip
        self.windows, self.mirror, self.dx = windows, mirror, dx
        self.patches, self.gradients, self.flipped = patches, gradients, flipped
        self.values, self.spare = values, spare
        gradients[...] = 0
        spatial = w.ndim - 2
        turned = w[(slice(None, None, -1),) * spatial].swapaxes(-1, -2)  # (*kernel, F, C)
        flipped.reshape(turned.shape)[...] = turned

    def begin(self, first: int, last: int) -> None:
        self.target = self.dx[first:last]
        self.inside = self.gradients[: last - first]

    def add(self, g: Array, start: int, stop: int) -> None:
        inner = self.inside[self.mirror.interior]
        pool = self.windows.pool
        places = g.reshape(*pool, len(inner), stop - start, *self.windows.cells[1:], g.shape[-1])
        for place in np.ndindex(pool):
            step = tuple(slice(at, None, p) for at, p in zip(place, pool, strict=True))
            inner[(slice(None), *step)][:, start:stop] = places[place]

    def end(self) -> None:
        channels = self.target.shape[-1]
        n, rows = mirror_chunk(self.mirror, len(self.target), channels, self.dx.itemsize)
        for first, last in blocks(len(self.target), n):
            for start, stop in blocks(self.mirror.cells[0], rows):
                target = self.target[first:last, start:stop]
                whole = target.flags.c_contiguous
                out = target.reshape(-1, channels) if whole else self.values[: target.size // channels]
                images = self.inside[first:last]
                windows_times(self.mirror, images, start, stop, self.flipped, self.patches, self.spare, out)
                if not whole:
                    target[...] = out.reshape(target.shape)

    def finish(self) -> None:
        """Every run of images was written by `end`."""
