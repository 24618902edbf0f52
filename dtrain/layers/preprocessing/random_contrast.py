"""Images with more and with less contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation


class RandomContrast(BaseColorAugmentation):
    """Scales the distance of every pixel from the mean of its channel: `(x - mean) * f + mean`, f for each image.

    Args:
        factor: f is drawn from [1 - factor, 1 + factor]; a pair (lower, upper) means [1 - lower, 1 + upper].

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.factor = factor
        lower, upper = (factor, factor) if isinstance(factor, (int, float)) else factor
        if not 0 <= lower <= 1 or not upper >= 0:
            raise ValueError(
                "RandomContrast: expected factor to be a number in [0, 1] or a pair of numbers >= 0, the first at "
                f"most 1. Received: factor={factor!r}"
            )
        self._range = 1.0 - lower, 1.0 + upper

    def recolor(self, images: Any) -> Any:
        """The images, each with a contrast of its own."""
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        return (images - mean) * self.draw_factor(images, self._range) + mean

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
