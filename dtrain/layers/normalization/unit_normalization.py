"""Rows of length 1."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import one_or_more_axes, plain_attributes
from ..layer import Layer

_SMALLEST = 1e-12  # of a squared length, so that a row of zeros stays one


class UnitNormalization(Layer):
    """`y = x / sqrt(sum(x ** 2))`, the sum of each row over `axis` (or axes)."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes("UnitNormalization", axis)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The rows divided by their lengths."""
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        squares = ops.sum(ops.square(inputs), axis=axis, keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squares, _SMALLEST))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis")}
