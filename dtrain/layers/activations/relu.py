"""The rectifier with its variants."""

from __future__ import annotations

from typing import Any

from dtrain.activations import functions

from ..arguments import plain_attributes
from ..layer import Layer


class ReLU(Layer):
    """`y = min(x, max_value) if x > threshold else negative_slope * (x - threshold)`"""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)):
            if value is None and name == "max_value":
                continue
            if not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"ReLU: {name} must be a number not below 0. Received: {name}={value!r}")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The rectified inputs."""
        return functions.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "max_value", "negative_slope", "threshold")}
