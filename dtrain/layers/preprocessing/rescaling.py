"""Inputs on another scale."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer


class Rescaling(Layer):
    """`y = x * scale + offset`, in the layer's dtype: `Rescaling(1 / 255)` makes pixel values fractions."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        x = ops.cast(inputs, self.compute_dtype)
        y = x * ops.convert_to_tensor(self.scale, dtype=self.compute_dtype)
        if isinstance(self.offset, (int, float)) and self.offset == 0:
            return y
        return y + ops.convert_to_tensor(self.offset, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "scale", "offset")}
