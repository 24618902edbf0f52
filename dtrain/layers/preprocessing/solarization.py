"""Images whose bright parts are negatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class Solarization(BaseColorAugmentation):
    """Adds a number to the values below a threshold, and turns those from it on into their negatives.

    Args:
        addition_factor: smallest and largest number as shares of the range of values, in [0, 1]; a number f means
            (0, f), another one for each image.
        threshold_factor: likewise the threshold.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.addition_factor = addition_factor
        self.threshold_factor = threshold_factor
        self._addition = share_range("Solarization", "addition_factor", addition_factor)
        self._threshold = share_range("Solarization", "threshold_factor", threshold_factor)

    def recolor(self, images: Any) -> Any:
        """The images, each with a threshold of its own."""
        x = ops.clip(images + self.draw_factor(images, self._addition), 0.0, 1.0)
        return ops.where(x < self.draw_factor(images, self._threshold), x, 1.0 - x)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "addition_factor", "threshold_factor")}
