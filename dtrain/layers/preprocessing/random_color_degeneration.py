"""Images with fewer colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class RandomColorDegeneration(BaseColorAugmentation):
    """Mixes every image with its grey version: factor 0 changes nothing, 1 leaves no colours.

    Args:
        factor: smallest and largest factor, in [0, 1]; a number f means (0, f).

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self._range = share_range("RandomColorDegeneration", "factor", factor)

    def recolor(self, images: Any) -> Any:
        """The images, each with less colour."""
        grey = ops.image.rgb_to_grayscale(images, data_format="channels_last")
        return images + (grey - images) * self.draw_factor(images, self._range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
