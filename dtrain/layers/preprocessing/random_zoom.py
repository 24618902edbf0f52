"""Images seen from nearer or farther."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array

from ..arguments import plain_attributes
from .base_random_transform import BaseRandomTransform, factor_range


class RandomZoom(BaseRandomTransform):
    """Scales every image around its center.

    Args:
        height_factor: smallest and largest relative change of the height that is seen: (0.2, 0.3) shows 20 to 30 %
            more, (-0.3, -0.2) that much less; a number f means (-f, f).
        width_factor: likewise for the width (None: as the height, which keeps proportions).

    All other arguments as in `BaseRandomTransform`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
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
        self._height = factor_range("RandomZoom", "height_factor", height_factor, -1.0)
        self._width = None if width_factor is None else factor_range("RandomZoom", "width_factor", width_factor, -1.0)

    def places(self, images: Any, rows: Array, columns: Array) -> tuple[Any, Any]:
        """Where each pixel was before the image was scaled."""
        height = 1.0 + self.draw(images, *self._height)
        width = height if self._width is None else 1.0 + self.draw(images, *self._width)
        return height * rows, width * columns

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "height_factor", "width_factor")}
