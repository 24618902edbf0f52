"""Images without their colours."""

from __future__ import annotations

from typing import Any

from dtrain import ops, random

from ..arguments import plain_attributes
from .base_color_augmentation import share_range
from .base_image_augmentation import BaseImageAugmentation


class RandomGrayscale(BaseImageAugmentation):
    """Makes some of the images grey: their three channels become the brightness.

    Args:
        factor: the probability of that.

    All other arguments as in `BaseImageAugmentation`.
    """

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.factor = share_range("RandomGrayscale", "factor", factor)[1]

    def augment(self, images: Any) -> Any:
        """The images, some of them grey."""
        grey = ops.image.rgb_to_grayscale(images, data_format="channels_last")
        chosen = random.uniform((images.shape[0], 1, 1, 1), seed=self.seed_generator) < self.factor
        return ops.where(chosen, ops.broadcast_to(grey, images.shape), images)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
