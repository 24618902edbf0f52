"""Blurred and sharpened images."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import ops

from .base_factor_augmentation import BaseFactorAugmentation

_SMOOTH = np.array([[1.0, 1.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 1.0]]) / 13


class RandomSharpness(BaseFactorAugmentation):
    """Mixes every image with a smoothed one: factor 0 gives the smoothed one, 0.5 the image, 1 one sharpened as much.

    Args:
        factor: smallest and largest factor, in [0, 1]; a number f means (0, f).

    All other arguments as in `BaseColorAugmentation`.
    """

    def recolor(self, images: Any) -> Any:
        """The images, each smoothed or sharpened; outside of them are zeros."""
        kernel = np.tile(_SMOOTH[..., None, None], (1, 1, int(images.shape[-1]), 1)).astype(images.dtype)
        smooth = ops.depthwise_conv(images, kernel, 1, "same", "channels_last")
        return images + (images - smooth) * (2.0 * self.draw_factor(images, self._range) - 1.0)
