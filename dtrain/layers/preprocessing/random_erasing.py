"""Images with a part painted over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import ops, random

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class RandomErasing(BaseColorAugmentation):
    """Paints over a rectangle of some of the images (Zhong et al. 2017).

    Args:
        factor: the probability of that.
        scale: smallest and largest part of an image that is painted over.
        fill_value: the colour; None: random ones.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self.scale = scale
        self.fill_value = fill_value
        self._share = share_range("RandomErasing", "factor", factor)[1]
        self._scale = share_range("RandomErasing", "scale", scale)

    def augment(self, images: Any) -> Any:
        """The images, some of them with a rectangle in other colours."""
        area, ratio = self.draw(images, *self._scale), ops.exp(self.draw(images, np.log(0.3), np.log(1 / 0.3)))
        rows = self._within(images, 1, ops.sqrt(area * ratio))
        columns = self._within(images, 2, ops.sqrt(area / ratio))
        inside = ops.expand_dims(ops.logical_and(rows, columns), -1)
        if self.fill_value is None:
            low, high = self._low, self._high
            color = random.uniform(images.shape, low, high, self.compute_dtype, self.seed_generator)
        else:
            color = np.asarray(self.fill_value, self.compute_dtype)
        return ops.where(ops.logical_and(inside, self.chosen(images, self._share)), color, images)

    def _within(self, images: Any, axis: int, share: Any) -> Any:
        """Which pixels of an axis lie in a run of this share of them, at any place."""
        length = int(images.shape[axis])
        size = ops.minimum(ops.round(share * length), float(length))
        start = ops.floor(self.draw(images, 0.0, 1.0) * (length - size + 1.0))
        place = np.arange(length).astype(self.compute_dtype).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        return ops.logical_and(place >= start, place < start + size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor", "scale", "fill_value")}
