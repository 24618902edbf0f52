"""Images with fewer colours."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_factor_augmentation import BaseFactorAugmentation


class RandomColorDegeneration(BaseFactorAugmentation):
    """Mixes every image with its grey version: factor 0 changes nothing, 1 leaves no colours.

    Args:
        factor: smallest and largest factor, in [0, 1]; a number f means (0, f).

    All other arguments as in `BaseColorAugmentation`.
    """

    def recolor(self, images: Any) -> Any:
        """The images, each with less colour."""
        grey = ops.image.rgb_to_grayscale(images, data_format="channels_last")
        return images + (grey - images) * self.draw_factor(images, self._range)
