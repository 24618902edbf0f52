"""Images in other tints."""

from __future__ import annotations

from typing import Any

from dtrain import ops, random

from .base_factor_augmentation import BaseFactorAugmentation


class RandomHue(BaseFactorAugmentation):
    """Turns the hue of every image by an angle of its own, in either direction.

    Args:
        factor: smallest and largest angle as shares of half a turn, in [0, 1]; a number f means (0, f).

    All other arguments as in `BaseColorAugmentation`.
    """

    def recolor(self, images: Any) -> Any:
        """The images, each with its hues turned."""
        turn = self.draw(images, *self._range) * 0.5
        sign = random.uniform((images.shape[0], 1, 1), dtype=self.compute_dtype, seed=self.seed_generator)
        hsv = ops.image.rgb_to_hsv(images, data_format="channels_last")
        hue = ops.mod(hsv[..., 0] + ops.where(sign < 0.5, turn, -turn), 1.0)
        return ops.image.hsv_to_rgb(ops.stack([hue, hsv[..., 1], hsv[..., 2]], -1), data_format="channels_last")
