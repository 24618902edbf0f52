"""Images that use the whole range of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer
from .base_color_augmentation import value_pair


class AutoContrast(Layer):
    """Stretches each channel of every image (N, H, W, C), or of one image, over the whole range of values.

    Args:
        value_range: the lowest and the highest value of a pixel.
    """

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range
        self._low, self._high = value_pair("AutoContrast", value_range)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The stretched images; a channel of one value stays as it is."""
        x = ops.cast(inputs, self.compute_dtype)
        low, high = (f(x, axis=(-3, -2), keepdims=True) for f in (ops.min, ops.max))
        flat = high <= low
        stretched = (x - low) / ops.where(flat, 1.0, high - low) * (self._high - self._low) + self._low
        return ops.where(flat, x, ops.clip(stretched, self._low, self._high))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "value_range")}
