"""Moved images."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array

from ..arguments import plain_attributes
from .base_random_transform import BaseRandomTransform, factor_range


class RandomTranslation(BaseRandomTransform):
    """Moves every image.

    Args:
        height_factor: smallest and largest shift downwards, as a fraction of the height; a number f means (-f, f).
        width_factor: likewise to the right.

    All other arguments as in `BaseRandomTransform`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor = height_factor
        self.width_factor = width_factor
        self._height = factor_range("RandomTranslation", "height_factor", height_factor)
        self._width = factor_range("RandomTranslation", "width_factor", width_factor)

    def places(self, images: Any, rows: Array, columns: Array) -> tuple[Any, Any]:
        """Where each pixel was before the image was moved."""
        height, width = (float(n) for n in images.shape[1:3])
        return rows - height * self.draw(images, *self._height), columns - width * self.draw(images, *self._width)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "height_factor", "width_factor")}
