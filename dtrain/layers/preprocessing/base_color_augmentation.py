"""What the layers that change the colours of images at random have in common. N images, H W C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops, random

from ..arguments import plain_attributes
from .base_image_augmentation import BaseImageAugmentation


class BaseColorAugmentation(BaseImageAugmentation):
    """Changes the colours of every image in a way of its own; only while training.

    Args:
        value_range: the lowest and the highest value of a pixel.
        seed: gives the layer a stream of numbers of its own.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.value_range = value_range
        self._low, self._high = value_pair(type(self).__name__, value_range)

    def recolor(self, images: Any) -> Any:
        """The changed images, with values in [0, 1] before and after."""
        raise NotImplementedError

    def augment(self, images: Any) -> Any:
        """The changed images, within the range of values."""
        span = self._high - self._low
        return ops.clip(self.recolor((images - self._low) / span), 0.0, 1.0) * span + self._low

    def draw_factor(self, images: Any, pair: tuple[float, float]) -> Any:
        """A number of the range for each image, (N, 1, 1, 1)."""
        return ops.expand_dims(self.draw(images, *pair), -1)

    def chosen(self, images: Any, share: float) -> Any:
        """Which images are changed: each with probability `share`, (N, 1, 1, 1)."""
        return random.uniform((images.shape[0], 1, 1, 1), seed=self.seed_generator) < share

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "value_range")}


def value_pair(layer: str, value_range: Any) -> tuple[float, float]:
    """`value_range` as (low, high).

    Raises:
        ValueError: it is no pair of rising numbers.
    """
    pair = tuple(value_range)
    if len(pair) != 2 or not pair[0] < pair[1]:
        raise ValueError(f"{layer}: expected value_range (low, high) with low < high. Received: {value_range!r}")
    return float(pair[0]), float(pair[1])


def share_range(
    layer: str, name: str, factor: Any, lowest: float = 0.0, highest: float = 1.0, start: float = 0.0
) -> tuple[float, float]:
    """`factor` as (low, high) within [lowest, highest]: a number f means (start, f), or (f, start) below it.

    Raises:
        ValueError: for anything else.
    """
    pair = tuple(sorted((start, factor))) if isinstance(factor, (int, float)) else tuple(factor)
    if len(pair) != 2 or not lowest <= pair[0] <= pair[1] <= highest:
        raise ValueError(
            f"{layer}: expected {name} to be a number or a pair (low, high) in [{lowest:g}, {highest:g}]. "
            f"Received: {name}={factor!r}"
        )
    return float(pair[0]), float(pair[1])
