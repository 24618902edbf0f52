"""Slanted images."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import Array

from ..arguments import plain_attributes
from .base_color_augmentation import share_range
from .base_random_transform import BaseRandomTransform


class RandomShear(BaseRandomTransform):
    """Moves the rows of every image along its width in proportion to their height, and columns likewise.

    Args:
        x_factor: smallest and largest proportion for rows, in [0, 1], in either direction; a number f means (0, f).
        y_factor: likewise for columns.

    All other arguments as in `BaseRandomTransform`.
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = x_factor
        self.y_factor = y_factor
        self._x = share_range("RandomShear", "x_factor", x_factor)
        self._y = share_range("RandomShear", "y_factor", y_factor)

    def places(self, images: Any, rows: Array, columns: Array) -> tuple[Any, Any]:
        """Where each pixel was before the image was slanted."""
        x, y = (self._either_way(images, pair) for pair in (self._x, self._y))
        return rows + y * columns, columns + x * rows

    def _either_way(self, images: Any, pair: tuple[float, float]) -> Any:
        factor = self.draw(images, *pair)
        return ops.where(self.draw(images, 0.0, 1.0) < 0.5, factor, -factor)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "x_factor", "y_factor")}
