"""Images: their colours, sizes and parts, under the names of `keras.ops.image`. N images, H W C.

Every function takes images (N, H, W, C) or one image (H, W, C), with `data_format="channels_first"` (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .activation import clip
from .arithmetic import divide
from .choice import where
from .convolution import conv, depthwise_conv
from .creation import cast
from .elementwise import absolute, float_dtype
from .extremes import max as max_of
from .extremes import min as min_of
from .interpolation import METHODS, cropped_to_ratio
from .interpolation import resize as resize_images
from .joining import pad, stack
from .reduction import sum as sum_of
from .sampling import FILL_MODES, INTERPOLATIONS, sample
from .shaping import expand_dims, squeeze
from .spatial import channels_last, restore_channels

__all__ = [
    "affine_transform", "crop_images", "extract_patches", "gaussian_blur", "hsv_to_rgb", "pad_images", "resize",
    "rgb_to_grayscale", "rgb_to_hsv",
]  # fmt: skip

_LUMA = np.array([0.2989, 0.5870, 0.1140])  # of red, green and blue, ITU-R BT.601


def _batch(name: str, images: Any, data_format: str | None, function: Callable[[Tensor], Tensor]) -> Tensor:
    """`function` of images (N, H, W, C), given in another form."""
    tensor = as_tensor(images)
    if tensor.ndim not in (3, 4):
        raise ValueError(f"{name}: expected images (N, H, W, C) or one (H, W, C). Received: {tensor.spec.global_shape}")
    alone = tensor.ndim == 3
    x, first = channels_last(expand_dims(tensor, 0) if alone else tensor, data_format)
    y = restore_channels(function(x), first)
    return squeeze(y, 0) if alone else y


def _real(x: Tensor) -> Tensor:
    return cast(x, float_dtype(x.spec.dtype))


def _one_of(name: str, argument: str, value: Any, choices: Sequence[str]) -> Any:
    if value not in choices:
        raise ValueError(f"{name}: expected {argument} to be one of {', '.join(choices)}. Received: {value!r}")
    return value


@symbolic
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Tensor:
    """The brightness of each pixel, with one channel: 0.2989 red + 0.5870 green + 0.1140 blue."""

    def gray(x: Tensor) -> Tensor:
        y = sum_of(_real(x) * _LUMA.astype(_real(x).dtype), -1, keepdims=True)
        return y if x.spec.is_float else cast(y, x.dtype)

    return _batch("rgb_to_grayscale", images, data_format, gray)


@symbolic
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value, each in [0, 1], of red, green and blue in [0, 1]."""

    def hsv(x: Tensor) -> Tensor:
        red, green, blue = (x[..., k] for k in range(3))
        value, low = max_of(x, -1), min_of(x, -1)
        span = value - low
        grey = span <= 0
        unit = divide(1 / 6, where(grey, 1.0, span))
        hue = where(green == value, unit * (blue - red) + 1 / 3, unit * (red - green) + 2 / 3)
        hue = where(red == value, unit * (green - blue), hue)
        hue = where(grey, 0.0, where(hue < 0, hue + 1, hue))
        saturation = where(value > 0, span / where(value > 0, value, 1.0), 0.0)
        return stack([hue, saturation, value], -1)

    return _batch("rgb_to_hsv", images, data_format, lambda x: hsv(_real(x)))


@symbolic
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Tensor:
    """Red, green and blue, each in [0, 1], of hue, saturation and value in [0, 1]."""

    def rgb(x: Tensor) -> Tensor:
        hue, saturation, value = (x[..., k] for k in range(3))
        sixth = hue * 6
        shares = [absolute(sixth - 3) - 1, 2 - absolute(sixth - 2), 2 - absolute(sixth - 4)]
        return stack([(1 - saturation + saturation * clip(share, 0.0, 1.0)) * value for share in shares], -1)

    return _batch("hsv_to_rgb", images, data_format, lambda x: rgb(_real(x)))


@symbolic
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """The images with another height and width.

    Args:
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether smaller images are averaged over all the pixels that they stand for.
        crop_to_aspect_ratio: cut away what does not fit the proportions, instead of distorting.
        pad_to_aspect_ratio: add borders of `fill_value`, instead of distorting.
        fill_mode: of the borders; only "constant".
    """
    height, width = (int(n) for n in size)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
    _one_of("resize", "interpolation", interpolation, METHODS)
    _one_of("resize", "fill_mode", fill_mode, ("constant",))

    def resized(x: Tensor) -> Tensor:
        if crop_to_aspect_ratio:
            x = cropped_to_ratio(x, height, width)
        elif pad_to_aspect_ratio:
            x = _padded_to_ratio(x, height, width, fill_value)
        y = resize_images(x if interpolation == "nearest" else _real(x), height, width, interpolation, antialias)
        return y if x.spec.is_float or interpolation == "nearest" else cast(_rounded(y, x), x.dtype)

    return _batch("resize", images, data_format, resized)


def _rounded(y: Any, x: Tensor) -> Tensor:
    """Values between the numbers of x's dtype as the nearest of them."""
    from .rounding import round

    limits = np.iinfo(x.spec.dtype)
    return clip(round(y), float(limits.min), float(limits.max))


def _padded_to_ratio(images: Any, height: int, width: int, fill_value: float) -> Tensor:
    """Images (N, H, W, C) with equal borders, so that their sides are nearly in the ratio of `height` and `width`."""
    high, wide = (int(n) for n in images.shape[1:3])
    rows = max(high, int(wide * height / width)) - high
    columns = max(wide, int(high * width / height)) - wide
    widths = [(0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)]
    return pad(images, widths, constant_values=fill_value)


def _two_ends(
    name: str, axis: str, length: int, before: int | None, after: int | None, target: int | None, sign: int
) -> tuple[int, int]:
    """What is taken off (`sign` -1) or added at both ends of an axis, of which two of three numbers are given."""
    given = [value for value in (before, after, target) if value is not None]
    if len(given) != 2:
        raise ValueError(f"{name}: expected two of the three numbers for the {axis}. Received: {len(given)}")
    change = (before or 0) + (after or 0) if target is None else sign * (target - length)
    first = change - (after or 0) if before is None else before
    last = change - first
    if first < 0 or last < 0 or (sign < 0 and change >= length):
        raise ValueError(f"{name}: {first} and {last} do not fit a {axis} of {length}")
    return first, last


@symbolic
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """The images without some rows and columns at their edges; of top, bottom and height give two, as of the others."""

    def cropped(x: Tensor) -> Tensor:
        height, width = (int(n) for n in x.shape[1:3])
        top, bottom = _two_ends("crop_images", "height", height, top_cropping, bottom_cropping, target_height, -1)
        left, right = _two_ends("crop_images", "width", width, left_cropping, right_cropping, target_width, -1)
        return x[:, top : height - bottom, left : width - right]  # type: ignore[no-any-return]

    return _batch("crop_images", images, data_format, cropped)


@symbolic
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """The images with zeros around them; of top, bottom and height give two, as of the others."""

    def padded(x: Tensor) -> Tensor:
        height, width = (int(n) for n in x.shape[1:3])
        rows = _two_ends("pad_images", "height", height, top_padding, bottom_padding, target_height, 1)
        columns = _two_ends("pad_images", "width", width, left_padding, right_padding, target_width, 1)
        return pad(x, [(0, 0), rows, columns, (0, 0)])

    return _batch("pad_images", images, data_format, padded)


@symbolic
def extract_patches(
    images: Any,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Windows of the images, (N, rows, columns, height * width * C): the pixels of each window along the last axis."""
    height, width = (size, size) if isinstance(size, int) else size
    steps = (height, width) if strides is None else strides

    def patches(x: Tensor) -> Tensor:
        count = height * width * int(x.shape[-1])
        each = np.eye(count, dtype=_real(x).dtype).reshape(height, width, -1, count)
        return conv(x, each, steps, padding, "channels_last", dilation_rate)

    return _batch("extract_patches", images, data_format, patches)


@symbolic
def gaussian_blur(
    images: Any,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Each pixel as a mean of those around it, weighted by a bell curve; outside of the images are zeros.

    Args:
        kernel_size: rows and columns that are averaged.
        sigma: standard deviation of the curve along both, in pixels.
    """

    def blurred(x: Tensor) -> Tensor:
        x = _real(x)
        rows, columns = (_bell(n, s) for n, s in zip(kernel_size, sigma, strict=True))
        kernel = np.multiply.outer(rows, columns)[..., None, None]
        return depthwise_conv(
            x, np.tile(kernel, (1, 1, int(x.shape[-1]), 1)).astype(x.dtype), 1, "same", "channels_last"
        )

    return _batch("gaussian_blur", images, data_format, blurred)


def _bell(count: int, sigma: float) -> Any:
    distance = (np.arange(count) - (count - 1) / 2) / sigma
    weights = np.exp(-0.5 * distance * distance)
    return weights / weights.sum()


@symbolic
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images read at other places: pixel (x, y) at ((a x + b y + c) / k, (d x + e y + f) / k), k = g x + h y + 1.

    Args:
        transform: (N, 8) or (8,): the numbers a to h.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest", "wrap" or "reflect".
    """
    _one_of("affine_transform", "interpolation", interpolation, INTERPOLATIONS)
    _one_of("affine_transform", "fill_mode", fill_mode, FILL_MODES)
    numbers = as_tensor(transform)

    def transformed(x: Tensor) -> Tensor:
        x = _real(x)
        rows = np.arange(x.shape[1]).astype(x.dtype)[None, :, None]
        columns = np.arange(x.shape[2]).astype(x.dtype)[None, None, :]
        all_numbers = expand_dims(numbers, 0) if numbers.ndim == 1 else numbers
        a, b, c, d, e, f, g, h = (expand_dims(all_numbers[:, k], (1, 2)) for k in range(8))
        still = x[..., 0] * 0 if numbers.ndim == 1 else 0.0  # one transform for all: gives the places all rows
        k = g * columns + h * rows + 1
        place = (a * columns + b * rows + c) / k, (d * columns + e * rows + f) / k
        return sample(x, place[1] + still, place[0] + still, fill_mode, interpolation, fill_value)  # type: ignore[no-any-return]

    return _batch("affine_transform", images, data_format, transformed)
