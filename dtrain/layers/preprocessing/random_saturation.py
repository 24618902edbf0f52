"""Images with paler and with stronger colours."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_factor_augmentation import BaseFactorAugmentation


class RandomSaturation(BaseFactorAugmentation):
    """Scales the saturation of every image by f / (1 - f): 0.5 changes nothing, 0 makes it grey, 1 gives full colours.

    Args:
        factor: smallest and largest f, in [0, 1]; a number means the range between it and 0.5.

    All other arguments as in `BaseColorAugmentation`.
    """

    start = 0.5

    def recolor(self, images: Any) -> Any:
        """The images, each with its saturation scaled."""
        factor = self.draw(images, *self._range)
        hsv = ops.image.rgb_to_hsv(images, data_format="channels_last")
        scale = factor / (1.0 - factor + 1e-7)  # 1 stands for a very large one
        saturation = ops.clip(hsv[..., 1] * scale, 0.0, 1.0)
        return ops.image.hsv_to_rgb(ops.stack([hsv[..., 0], saturation, hsv[..., 2]], -1), data_format="channels_last")
