"""Images with fewer levels of colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation


class RandomPosterization(BaseColorAugmentation):
    """Keeps the highest bits of 8 of every value.

    Args:
        factor: how many bits, 1 to 8; a pair: for each image a whole number of this range.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        low, high = (factor, factor) if isinstance(factor, (int, float)) else factor
        if not 1 <= low <= high <= 8:
            raise ValueError(f"RandomPosterization: expected factor in [1, 8]. Received: factor={factor!r}")
        self._range = float(low), float(high)

    def recolor(self, images: Any) -> Any:
        """The images, each with fewer levels."""
        low, high = self._range
        bits = ops.floor(self.draw_factor(images, (low, high + 1.0))) if high > low else low
        step = 2.0 ** (8.0 - ops.minimum(bits, high))
        return ops.floor(ops.round(images * 255.0) / step) * step / 255.0

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
