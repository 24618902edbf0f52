"""Softmax as a layer."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer

_FAR_BELOW = -3.4028235e38 / 2  # half of the lowest float32: exp of it is 0, and adding to it does not overflow


class Softmax(Layer):
    """`y = exp(x) / sum(exp(x), axis)`; where a mask of the inputs' rank is False, y is 0.

    A mask of fewer axes is one of whole steps, each with its own softmax, and is handed on.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Softmax along `axis` (an integer, or several axes together)."""
        if mask is not None and len(mask.shape) == len(inputs.shape):
            inputs = ops.where(mask, inputs, _FAR_BELOW)
        return ops.softmax(inputs, axis=self.axis if isinstance(self.axis, int) else tuple(self.axis))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis")}
