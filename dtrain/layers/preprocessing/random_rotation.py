"""Turned images."""

from __future__ import annotations

import math
from typing import Any

from dtrain import ops
from dtrain.graph import Array

from ..arguments import plain_attributes
from .base_random_transform import BaseRandomTransform, factor_range


class RandomRotation(BaseRandomTransform):
    """Turns every image around its center.

    Args:
        factor: the smallest and the largest angle in turns (1 is 360 degrees); a number f means (-f, f). Positive
            angles are counter-clockwise.

    All other arguments as in `BaseRandomTransform`.
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor
        self._range = factor_range("RandomRotation", "factor", factor)

    def places(self, images: Any, rows: Array, columns: Array) -> tuple[Any, Any]:
        """Where each pixel was before the image was turned."""
        low, high = (2 * math.pi * turns for turns in self._range)
        angle = self.draw(images, low, high)
        cosine, sine = ops.cos(angle), ops.sin(angle)
        return sine * columns + cosine * rows, cosine * columns - sine * rows

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
