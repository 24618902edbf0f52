"""What the layers that change images at random have in common. N images, H W C."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops, random

from ..arguments import plain_attributes
from ..regularization.random_layer import RandomLayer


class BaseImageAugmentation(RandomLayer):
    """Changes every image (N, H, W, C), or one image (H, W, C), in a way of its own; only while training.

    Args:
        seed: gives the layer a stream of numbers of its own.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(self, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.data_format = config.standardize_data_format(data_format)

    def augment(self, images: Any) -> Any:
        """The changed images (N, H, W, C)."""
        raise NotImplementedError

    def unchanged(self, images: Any) -> Any:
        """What comes out in inference."""
        return images

    def draw(self, images: Any, low: float, high: float) -> Any:
        """A number in [low, high) for each image, (N, 1, 1)."""
        return random.uniform((images.shape[0], 1, 1), low, high, self.compute_dtype, self.seed_generator)

    def call(self, inputs: Any, training: bool | None = True) -> Any:
        """The images, changed while training. Outside of a model, `training` is True."""
        x = ops.cast(inputs, self.compute_dtype)
        alone, first = len(x.shape) == 3, self.data_format == "channels_first"
        x = ops.expand_dims(x, 0) if alone else x
        x = ops.moveaxis(x, 1, -1) if first else x
        y = self.augment(x) if training else self.unchanged(x)
        y = ops.moveaxis(y, -1, 1) if first else y
        return ops.squeeze(y, 0) if alone else y

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "seed", "data_format")}
