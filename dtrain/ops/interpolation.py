"""Images of another size, as products with matrices of interpolation weights. N images, H W C."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from dtrain.graph import Array

from .indexing import take
from .linear import matmul
from .shaping import moveaxis

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def resize(images: Any, height: int, width: int, method: str = "bilinear", antialias: bool = False) -> Any:
    """Images (N, H, W, C) as (N, height, width, C); pixels are squares around their centers.

    Args:
        method: "nearest", "bilinear", "bicubic" (Keys 1981, a = -1/2), "lanczos3" or "lanczos5".
        antialias: whether smaller images are averaged over all the pixels that they stand for.
    """
    for axis, target in ((1, height), (2, width)):
        source = int(images.shape[axis])
        if source == target:
            continue
        if method == "nearest":
            images = take(images, np.floor((np.arange(target) + 0.5) * source / target).astype(np.int32), axis=axis)
        else:
            weights = interpolation_weights(source, target, method, antialias)
            moved = matmul(moveaxis(images, axis, -1), weights.T.astype(images.dtype))
            images = moveaxis(moved, -1, axis)
    return images


def cropped_to_ratio(images: Any, height: int, width: int) -> Any:
    """The largest middle part of images (N, H, W, C) whose sides are in the ratio of `height` and `width`."""
    rows = min(int(images.shape[1]), max(1, int(images.shape[2]) * height // width))
    columns = min(int(images.shape[2]), max(1, int(images.shape[1]) * width // height))
    return centered(images, rows, columns)


def centered(images: Any, height: int, width: int) -> Any:
    """The middle of images (N, H, W, C)."""
    top, left = (int(images.shape[1]) - height) // 2, (int(images.shape[2]) - width) // 2
    return images[:, top : top + height, left : left + width]


@cache
def interpolation_weights(source: int, target: int, method: str, antialias: bool) -> Array:
    """Row t holds the share of every pixel of the source in pixel t of the target; rows sum to 1."""
    kernel, radius = _KERNELS[method]
    scale = source / target
    stretch = max(scale, 1.0) if antialias else 1.0
    centers = (np.arange(target) + 0.5) * scale - 0.5
    if method == "bilinear" and not antialias:
        centers = np.clip(centers, 0, source - 1)
    distance = (np.arange(source)[None, :] - centers[:, None]) / stretch
    weights = np.where(np.abs(distance) < radius, kernel(np.abs(distance)), 0.0)
    weights /= np.sum(weights, axis=1, keepdims=True)
    return weights


def _triangle(d: Array) -> Array:
    return np.maximum(1.0 - d, 0.0)


def _cubic(d: Array) -> Array:
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda d: np.sinc(d) * np.sinc(d / radius)


_KERNELS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
    "lanczos3": (_lanczos(3), 3.0),
    "lanczos5": (_lanczos(5), 5.0),
}
