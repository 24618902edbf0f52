"""Images as their negatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class RandomInvert(BaseColorAugmentation):
    """Turns some of the images into negatives.

    Args:
        factor: the largest probability of that, of which each image has its own; or a pair of smallest and largest.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self._range = share_range("RandomInvert", "factor", factor)

    def recolor(self, images: Any) -> Any:
        """The images, some of them negatives."""
        share = self.draw_factor(images, self._range)
        return ops.where(self.draw_factor(images, (0.0, 1.0)) < share, 1.0 - images, images)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
