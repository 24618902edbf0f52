"""Image files as the rows that a model takes: grey or in colour, scaled, light strokes on a dark ground.

H height, W width, C channels (1 grey, 3 red, green, blue).
"""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from dtrain.cli.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

Array: TypeAlias = Any
Shape: TypeAlias = tuple[int | None, ...]

LIGHT = 127.5  # of 255


class Frame(NamedTuple):
    """What a model sees of an image; a size of None is the image's own."""

    height: int | None
    width: int | None
    channels: int


def frame_of(shape: Shape) -> Frame | None:
    """Return the frame of a model whose rows have this shape: (H, W), (H, W, C), or H·H values; None if it has none."""
    if len(shape) == 2:
        return Frame(*shape, 1)
    if len(shape) == 3 and shape[2] in (1, 3):
        return Frame(shape[0], shape[1], shape[2])
    if len(shape) == 1 and shape[0] is not None and isqrt(shape[0]) ** 2 == shape[0]:
        return Frame(isqrt(shape[0]), isqrt(shape[0]), 1)
    return None


def read_image(path: Path) -> Image:
    """Return the picture in a file of any format that Pillow reads, upright and without transparency.

    Raises:
        UserError: no image, or a damaged one.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image.load()
            return _opaque(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise UserError(
            f"{path}: expected an image (PNG, JPEG, PGM, ...), an array (.npy) or an IDX file. Found none of these."
        ) from None
    except Exception as error:  # Pillow's decoders raise errors of every kind on damaged files
        raise UserError(f"{path}: cannot be read as an image: {error}") from None


def image_of(array: Array) -> Image:
    """Return an array of bytes (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as an image."""
    from PIL import Image

    return _opaque(Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array))


def fit(image: Image, frame: Frame) -> Array:
    """Return the image in the frame, bytes (H, W) or (H, W, 3): scaled as a whole, its ground filling what is left."""
    from PIL import Image, ImageOps

    image = _grey(image) if frame.channels == 1 else image.convert("RGB")
    size = (frame.width or image.width, frame.height or image.height)
    ground = np.median(_border(np.asarray(image)), axis=0).astype(np.uint8)
    colour = int(ground) if frame.channels == 1 else tuple(map(int, ground))
    fitted = ImageOps.pad(
        image, size, Image.Resampling.BOX if image.width > size[0] else Image.Resampling.BICUBIC, colour
    )
    return np.asarray(fitted)


def is_dark_on_light(pixels: Array) -> bool:
    """Whether the ground, as the border shows it, is light; that of MNIST and of the synthetic digits is dark."""
    return bool(np.median(_border(pixels)) > LIGHT)


def _border(pixels: Array) -> Array:
    """Return the outermost pixels in a line."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def _opaque(image: Image) -> Image:
    """Lay a transparent image on white paper."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _grey(image: Image) -> Image:
    """Return eight bits a pixel; Pillow itself would cut those of 16 off at 255."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        largest = 65535 if values.max(initial=0) > 255 else 255
        return Image.fromarray((values.clip(0, largest) * (255 / largest)).round().astype(np.uint8))
    return image.convert("L")
