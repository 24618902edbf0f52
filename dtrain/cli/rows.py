"""The rows to predict, from a file: an array, an IDX file, or an image."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np

from dtrain.cli.errors import UserError
from dtrain.cli.images import Frame, Shape, fit, frame_of, image_of, is_dark_on_light, read_image
from dtrain.distributed import say

Array: TypeAlias = Any

_NPY, _NPZ = b"\x93NUMPY", b"PK"


def read_rows(path: Path, shape: Shape, invert: bool | None = None) -> Array:
    """Return the rows in a file, (N, *shape).

    Arrays (`.npy`) and IDX files of that shape, or of one row of it, are taken as they are. An image, or an array of
    bytes of another size, is scaled to the shape, in grey if the model takes one channel.

    Args:
        shape: of one row; None where any size will do.
        invert: whether to turn dark into light in an image; None: if it is dark on light.

    Raises:
        UserError: nothing that can be read, or that fits.
    """
    array = _array(path)
    if array is not None and _fits(array.shape[1:], shape):
        return array
    if array is not None and _fits(array.shape, shape):
        return array[None]
    frame = frame_of(shape)
    if array is not None and (frame is None or not _is_picture(array)):
        raise UserError(
            f"{path}: expected rows of shape {_text(shape)}. Received: {array.dtype} of shape {array.shape}"
        )
    if frame is None:
        raise UserError(
            f"{path}: the model takes rows of shape {_text(shape)}, no images. Give such rows as a .npy file."
        )
    pixels = _pixels(path, array, frame, invert)
    return pixels.reshape(1, *(_filled(shape, pixels.shape)))


def _array(path: Path) -> Array | None:
    """Return the array in a `.npy` or IDX file; None for any other."""
    try:
        with open(path, "rb") as file:
            start = file.read(6)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}. Expected an image, a .npy or an IDX file."
        ) from None
    if start.startswith(_NPY) or start.startswith(_NPZ) or path.suffix == ".npy":
        return _numpy(path)
    if (start[:2] == b"\0\0" and start[2:3] != b"\0") or "idx" in path.name or start[:2] == b"\x1f\x8b":
        from dtrain.datasets.idx import read_idx

        try:
            return read_idx(path)
        except ValueError as error:
            raise UserError(str(error)) from None
    return None


def _numpy(path: Path) -> Array:
    try:
        # Mapped, an array that says to be larger than its file is refused before memory is taken for it.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ArithmeticError, EOFError, LookupError, MemoryError, OSError, RecursionError, SyntaxError, TokenError,
            TypeError, ValueError, zipfile.BadZipFile) as error:  # fmt: skip
        raise UserError(f"{path}: cannot be read as a NumPy array: {error}") from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path}: expected one array (.npy). Received an archive of {', '.join(array.files)}.")
    return np.array(array)


def _pixels(path: Path, array: Array | None, frame: Frame, invert: bool | None) -> Array:
    image = read_image(path) if array is None else image_of(array)
    pixels = fit(image, frame)
    if invert is None and frame.channels == 1 and is_dark_on_light(pixels):
        say(f"{path}: dark on light, so inverted to light on dark (--no-invert keeps it)", file=sys.stderr)
        invert = True
    return 255 - pixels if invert else pixels


def _is_picture(array: Array) -> bool:
    return array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)))


def _fits(found: Shape, shape: Shape) -> bool:
    return len(found) == len(shape) and all(want in (None, has) for want, has in zip(shape, found, strict=True))


def _filled(shape: Shape, pixels: Shape) -> tuple[int, ...]:
    """Return `shape` with the sizes of an image where it says None."""
    return tuple(own if own is not None else int(pixels[axis] or 0) for axis, own in enumerate(shape))


def _text(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)}{',' * (len(shape) == 1)})"
