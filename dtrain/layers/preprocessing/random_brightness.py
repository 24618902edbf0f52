"""Brighter and darker images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation
from .base_random_transform import factor_range


class RandomBrightness(BaseColorAugmentation):
    """Adds a number of its own to all pixels of every image.

    Args:
        factor: smallest and largest number as shares of the range of values, in [-1, 1]; a number f means (-f, f).

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.factor = factor
        self._range = factor_range("RandomBrightness", "factor", factor, -1.0)
        if self._range[1] > 1:
            raise ValueError(f"RandomBrightness: expected factor in [-1, 1]. Received: factor={factor!r}")

    def recolor(self, images: Any) -> Any:
        """The images, brighter or darker."""
        return images + self.draw_factor(images, self._range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
