"""Normalization of each row by its root mean square (Zhang and Sennrich 2019, arXiv:1910.07467)."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer


class RMSNormalization(Layer):
    """`y = scale * x / sqrt(mean(x ** 2) + epsilon)`, the mean of each row over `axis`.

    Args:
        axis: the axis (or axes) of the mean; `scale` has their lengths.
        epsilon: added to the mean.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else sorted(int(a) for a in axis)
        self.epsilon = float(epsilon)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make `scale`, of the lengths of `axis`."""
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.scale = self.add_weight(tuple(input_shape[a] for a in axes), "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        """The normalized rows."""
        return ops.rms_normalization(inputs, self.scale, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis", "epsilon")}
