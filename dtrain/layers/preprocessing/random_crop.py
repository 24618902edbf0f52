"""Parts of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import ops, random
from dtrain.ops.interpolation import cropped_to_ratio, resize

from ..arguments import plain_attributes, positive_int
from .base_image_augmentation import BaseImageAugmentation


class RandomCrop(BaseImageAugmentation):
    """A part, of `height` and `width`, from a random place of every image.

    In inference, and of smaller images, the largest middle part of these proportions, resized.

    Args:
        height, width: of the output.

    All other arguments as in `BaseImageAugmentation`.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, name=name, **kwargs)
        self.height = positive_int("RandomCrop", "height", height)
        self.width = positive_int("RandomCrop", "width", width)

    def augment(self, images: Any) -> Any:
        """A random part of every image."""
        if int(images.shape[1]) < self.height or int(images.shape[2]) < self.width:
            return self.unchanged(images)
        for axis, length in ((1, self.height), (2, self.width)):
            images = self._cut(images, axis, length)
        return images

    def _cut(self, images: Any, axis: int, length: int) -> Any:
        rows, spare = images.shape[0], int(images.shape[axis]) - length
        first = random.randint((rows, 1), 0, spare + 1, seed=self.seed_generator)
        places = first + np.arange(length, dtype=np.int32)[None]  # (N, length)
        shape = list(images.shape)
        shape[axis] = length
        ahead, behind = axis - 1, len(shape) - axis - 1
        places = ops.reshape(places, (rows, *(1,) * ahead, length, *(1,) * behind))
        return ops.take_along_axis(images, ops.broadcast_to(places, shape), axis=axis)

    def unchanged(self, images: Any) -> Any:
        """The largest middle part of the output's proportions, resized."""
        return resize(cropped_to_ratio(images, self.height, self.width), self.height, self.width)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "height", "width")}
