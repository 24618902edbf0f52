"""Synthetic 28x28 grey digits, drawn by the library itself: a data set that needs no download.

N images, P pen positions, 28x28 pixels. Only additions, products, quotients, square roots and comparisons of float32
are used, which IEEE 754 rounds in one way: an image has the same bytes on every machine and in any group of images.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dtrain.datasets import glyphs
from dtrain.random.keys import uniform_rows

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

SIDE = 28
TEST_FIRST = 1 << 40  # index of the first test image: the test part does not depend on how many train images there are
_CHUNK = 128


def load_data(
    train: int = 10_000, test: int = 2_000, seed: int = 0
) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """Return synthetic digits in the format of MNIST: `(x_train, y_train), (x_test, y_test)`.

    Returns:
        x uint8 (n, 28, 28), ink 255 on paper 0; y uint8 (n,) in 0..9.
    """
    return images(0, train, seed), images(TEST_FIRST, test, seed)


def images(first: int, count: int, seed: int = 0) -> tuple[Images, Labels]:
    """Draw images `first .. first + count` of a seed's endless sequence; each is a pure function of (seed, index).

    A digit's strokes are bent at their control points, warped, and put through a random affine map; a pen of varying
    width draws them, and noise is added.

    Returns:
        x uint8 (count, 28, 28), y uint8 (count,) in 0..9.

    Raises:
        ValueError: for a negative `first` or `count`.
    """
    if first < 0 or count < 0:
        raise ValueError(f"digits: first and count must not be negative. Received: first={first}, count={count}")
    x = np.empty((count, SIDE, SIDE), np.uint8)
    y = np.empty(count, np.uint8)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        x[start:stop], y[start:stop] = _draw(seed, first + start, stop - start)
    return x, y


def _draw(seed: int, first: int, count: int) -> tuple[Images, Labels]:
    variants, digits = _choose(seed, first, count)
    pen = _affine(_warp(_pen_path(variants, seed, first), seed, first), seed, first)
    grey = _paint(pen, seed, first)  # (28, 28, N)
    grey = grey.transpose(2, 0, 1) + _noise(seed, first, count)
    np.clip(grey, 0, 255, out=grey)
    return grey.astype(np.uint8), digits


def _choose(seed: int, first: int, count: int) -> tuple[NDArray[np.intp], Labels]:
    """Return for each image its glyph and its digit: the digits equally likely, then the ways to write it."""
    starts, ways = _catalogue()
    u = uniform_rows(seed, "digits", "glyph", 0, 0, first, count, 2)
    digits = (u[:, 0] * 10).astype(np.uint8)
    return starts[digits] + (u[:, 1] * ways[digits]).astype(np.intp), digits


def _pen_path(variants: NDArray[np.intp], seed: int, first: int) -> FloatArray:
    """Return the pen positions (2, P, N) of each image's glyph, with its control points displaced."""
    controls, indices, weights = _tables()
    count = len(variants)
    shift = _between(-0.11, 0.11, seed, "bend", first, count, 2 * glyphs.CONTROLS)
    moved = controls[variants] + shift.T.reshape(count, glyphs.CONTROLS, 2)  # (N, K, 2)
    rows = np.arange(count)[:, None]
    path = np.zeros((count, glyphs.POINTS, 2), np.float32)
    for neighbour in range(4):
        path += weights[variants, :, neighbour, None] * moved[rows, indices[variants, :, neighbour]]
    return np.ascontiguousarray(path.transpose(2, 1, 0))


def _warp(pen: FloatArray, seed: int, first: int) -> FloatArray:
    """Displace the pen positions by a smooth random field, a quadratic in x and y for each coordinate."""
    x, y = pen  # (P, N)
    a = _between(-0.14, 0.14, seed, "warp", first, x.shape[1], 6)
    xx, xy, yy = x * x, x * y, y * y
    return np.stack([x + a[0] * xx + a[1] * xy + a[2] * yy, y + a[3] * xx + a[4] * xy + a[5] * yy])


def _affine(pen: FloatArray, seed: int, first: int) -> FloatArray:
    """Scale, slant, turn and place the glyph; from the box of -1..1 to pixels."""
    x, y = pen
    u = _between(-1, 1, seed, "affine", first, x.shape[1], 6)
    half = u[0] * 0.11  # tangent of half the angle: sine and cosine by rational functions, up to 12.6 degrees
    cosine, sine = (1 - half * half) / (1 + half * half), (half + half) / (1 + half * half)
    x = (x + y * (u[1] * 0.2)) * (u[2] * 1.6 + 8.4)
    y = y * (u[3] * 1.0 + 8.6)
    return np.stack([x * cosine - y * sine + (u[4] * 1.6 + 13.5), x * sine + y * cosine + (u[5] * 1.6 + 13.5)])


def _paint(pen: FloatArray, seed: int, first: int) -> FloatArray:
    """Return the ink (28, 28, N) of 0..255: dark where the nearest pen position is nearer than the pen's radius."""
    count = pen.shape[2]
    u = _between(-1, 1, seed, "pen", first, count, 5)
    along = np.linspace(-1, 1, glyphs.POINTS, dtype=np.float32)[:, None]
    radius = (u[0] * 0.45 + 1.3) * (u[1] * along * 0.2 + 1)  # (P, N), pressure rises or falls along the path
    stretch = u[2] * 0.25 + 1  # a flat nib: thicker in one direction
    grid = np.arange(SIDE, dtype=np.float32)[:, None]
    nearest = np.full((SIDE, SIDE, count), np.inf, np.float32)
    distance = np.empty_like(nearest)
    for x, y, r in zip(pen[0], pen[1], radius, strict=True):  # each (N,)
        dx, dy = (grid - x) / (r * stretch), (grid - y) * stretch / r  # (28, N)
        np.add((dy * dy)[:, None], (dx * dx)[None], out=distance)
        np.minimum(nearest, distance, out=nearest)
    np.sqrt(nearest, out=nearest)
    edge = u[3] * 0.2 + 0.65  # width of the soft edge, in radii
    ink = np.clip((1 - nearest) / edge + np.float32(0.5), 0, 1, out=nearest)
    ink *= u[4] * 35 + 220
    return ink


def _noise(seed: int, first: int, count: int) -> FloatArray:
    """Return grey noise (N, 28, 28), on some images more than on others."""
    strength = _between(0, 1, seed, "strength", first, count, 1)[0]
    noise = uniform_rows(seed, "digits", "noise", 0, 0, first, count, SIDE * SIDE)
    noise -= np.float32(0.5)
    noise *= (strength * strength * 120)[:, None]
    return noise.reshape(count, SIDE, SIDE)


def _between(low: float, high: float, seed: int, name: str, first: int, count: int, size: int) -> FloatArray:
    """Draw uniform numbers in [low, high), (size, N)."""
    u = uniform_rows(seed, "digits", name, 0, 0, first, count, size)
    u *= np.float32(high - low)
    u += np.float32(low)
    return np.ascontiguousarray(u.T)


@cache
def _tables() -> tuple[FloatArray, NDArray[np.intp], FloatArray]:
    return glyphs.control_points(), *glyphs.pen_positions()


@cache
def _catalogue() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return for each digit the number of its first glyph and how many it has."""
    digits = np.array([glyph.digit for glyph in glyphs.GLYPHS])
    ways = np.bincount(digits, minlength=10)
    return np.cumsum(ways) - ways, ways.astype(np.float32)
