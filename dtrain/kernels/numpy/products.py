"""Products of the windows of a chunk of images with a matrix: what a convolution is made of."""

from __future__ import annotations

import numpy as np

from .windows import Array, Windows


def windows_times(
    windows: Windows, images: Array, start: int, stop: int, matrix: Array, patches: Array, spare: Array, out: Array
) -> None:
    """out (m, F) = patches of rows `start` to `stop` of cells @ matrix (k, F), whose last row may be a bias.

    `patches` and `spare` (flat) are scratch; `spare` is as large as `out`.
    """
    if not windows.by_rows:
        np.matmul(windows.patches(images, start, stop, patches), matrix, out=out)
        return
    parts = windows.row_patches(images, start, stop, patches)
    n, m, k = parts[0].shape
    total, term = out.reshape(n, m, -1), spare[: out.size].reshape(n, m, -1)
    np.matmul(parts[0], matrix[:k], out=total)
    for number, part in enumerate(parts[1:], 1):
        np.matmul(part, matrix[number * k : (number + 1) * k], out=term)
        np.add(total, term, out=total)
    if windows.ones:
        np.add(out, matrix[-1], out=out)


def transposed_windows_times(
    windows: Windows, images: Array, start: int, stop: int, g: Array, patches: Array, out: Array
) -> None:
    """out (k, F) = patches.T @ g (m, F); one more row, if there is a bias, for the sum of g. `patches` is scratch."""
    if not windows.by_rows or len(images) > 1:
        np.matmul(windows.patches(images, start, stop, patches).T, g, out=out)
        return
    parts = windows.row_patches(images, start, stop, patches)
    k = parts[0].shape[-1]
    for number, part in enumerate(parts):
        np.matmul(part[0].T, g, out=out[number * k : (number + 1) * k])
    if windows.ones:
        np.matmul(np.ones(len(g), g.dtype), g, out=out[-1])
