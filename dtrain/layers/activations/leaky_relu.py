"""The rectifier that lets a little through."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer


class LeakyReLU(Layer):
    """`y = x if x >= 0 else negative_slope * x`"""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(negative_slope, (int, float)) or negative_slope < 0:
            raise ValueError(
                f"LeakyReLU: negative_slope must be a number not below 0. Received: negative_slope={negative_slope!r}"
            )
        self.negative_slope = negative_slope
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The rectified inputs."""
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "negative_slope")}
