"""Mirrored images."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import one_of, plain_attributes
from .base_image_augmentation import BaseImageAugmentation

_AXES = {"horizontal": (2,), "vertical": (1,), "horizontal_and_vertical": (2, 1)}


class RandomFlip(BaseImageAugmentation):
    """Mirrors half of the images.

    Args:
        mode: "horizontal", "vertical", or "horizontal_and_vertical" (both, independently).

    All other arguments as in `BaseImageAugmentation`.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.mode = one_of("RandomFlip", "mode", mode, tuple(_AXES))

    def augment(self, images: Any) -> Any:
        """The images, some of them mirrored."""
        for axis in _AXES[self.mode]:
            mirrored = ops.expand_dims(self.draw(images, 0.0, 1.0) < 0.5, -1)
            images = ops.where(mirrored, ops.flip(images, axis=axis), images)
        return images

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "mode")}
