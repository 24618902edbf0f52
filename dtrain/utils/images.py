"""Image files and arrays of their pixels, by Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.config import floatx, standardize_data_format
from dtrain.graph import Array

if TYPE_CHECKING:
    from PIL.Image import Image

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_METHODS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """The pixels of a Pillow image, of shape (height, width, channels) or (channels, height, width).

    Args:
        data_format: "channels_last" or "channels_first"; the default setting if None.
        dtype: `floatx()` if None.
    """
    pixels: Array = np.asarray(img, np.dtype(dtype or floatx()))
    if pixels.ndim not in (2, 3):
        raise ValueError(f"img_to_array: expected an image of 2 or 3 axes. Received: shape {pixels.shape}")
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return pixels if standardize_data_format(data_format) == "channels_last" else pixels.transpose(2, 0, 1)


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Image:
    """A Pillow image of an array of 1, 3 or 4 channels.

    Args:
        data_format: as in `img_to_array`.
        scale: bring the values to the range 0 to 255.
        dtype: to compute in; `floatx()` if None.
    """
    from PIL import Image

    pixels: Array = np.asarray(x, np.dtype(dtype or floatx()))
    if pixels.ndim != 3:
        raise ValueError(f"array_to_img: expected an array of 3 axes. Received: shape {pixels.shape}")
    if standardize_data_format(data_format) == "channels_first":
        pixels = pixels.transpose(1, 2, 0)
    if scale:
        pixels = pixels - pixels.min()
        pixels = pixels / (pixels.max() or 1) * 255
    channels = pixels.shape[-1]
    if channels not in (1, 3, 4):
        raise ValueError(f"array_to_img: expected 1, 3 or 4 channels. Received: {channels}")
    if channels == 1 and pixels.max() > 255:
        return Image.fromarray(pixels[..., 0].astype(np.int32))
    return Image.fromarray((pixels[..., 0] if channels == 1 else pixels).astype(np.uint8))


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image:
    """An image file as a Pillow image.

    Args:
        path: of the file, or a binary stream.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width) to bring it to.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: cut a part of the right proportions out of the middle before.
    """
    from PIL import Image

    if color_mode not in MODES:
        raise ValueError(f"load_img: expected color_mode to be one of {', '.join(MODES)}. Received: {color_mode=}")
    if interpolation not in _METHODS:
        raise ValueError(f"load_img: expected one of {', '.join(_METHODS)}. Received: {interpolation=}")
    with Image.open(path) as file:
        image = file.convert(MODES[color_mode])
    if target_size is None or image.size == target_size[::-1]:
        return image
    box = _middle(image.size, target_size) if keep_aspect_ratio else None
    return image.resize(target_size[::-1], Image.Resampling[interpolation.upper()], box)


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest part in the middle of an image of `size` (width, height) with the target's proportions."""
    width, height = size
    wide = min(width, height * target[1] // target[0])
    high = min(height, width * target[0] // target[1])
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array as an image file, in the format that the name ends in or that is given, as "png" or "jpg".

    `kwargs` go to Pillow's `save`.
    """
    image = array_to_img(x, data_format, scale)
    file_format = "jpeg" if str(file_format).lower() == "jpg" else file_format
    if image.mode == "RGBA" and str(file_format or path).lower().endswith(("jpg", "jpeg")):
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)
