"""Blurred images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class RandomGaussianBlur(BaseColorAugmentation):
    """Blurs some of the images by a bell curve, of a width of its own for each.

    Args:
        factor: the probability of that.
        kernel_size: pixels that are averaged along both sides, or (rows, columns); odd numbers.
        sigma: the largest standard deviation of the curve in pixels, or a pair of smallest and largest.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self.kernel_size = kernel_size
        self.sigma = sigma
        self._share = share_range("RandomGaussianBlur", "factor", factor)[1]
        self._sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(self._sizes) != 2 or any(n < 1 or n % 2 == 0 for n in self._sizes):
            raise ValueError(f"RandomGaussianBlur: expected odd numbers of pixels. Received: {kernel_size=}")
        self._sigmas = share_range("RandomGaussianBlur", "sigma", sigma, highest=float("inf"))

    def recolor(self, images: Any) -> Any:
        """The images, some of them blurred; outside of them are zeros."""
        x = images
        for axis, size in zip((1, 2), self._sizes, strict=True):
            x = self._along(x, axis, size)
        return ops.where(self.chosen(images, self._share), x, images)

    def _along(self, x: Any, axis: int, size: int) -> Any:
        reach = size // 2
        distance = np.arange(-reach, reach + 1).astype(self.compute_dtype)
        sigma = ops.maximum(self.draw(x, *self._sigmas), 1e-3)
        weights = ops.exp(-0.5 * ops.square(distance / sigma))  # (N, 1, size)
        weights = weights / ops.sum(weights, axis=-1, keepdims=True)
        widths = [(0, 0)] * 4
        widths[axis] = (reach, reach)
        wide, length = ops.pad(x, widths), int(x.shape[axis])
        lead = (slice(None),) * axis
        shifted = [wide[(*lead, slice(k, k + length))] for k in range(size)]
        return sum(part * ops.expand_dims(weights[..., k : k + 1], -1) for k, part in enumerate(shifted))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor", "kernel_size", "sigma")}
