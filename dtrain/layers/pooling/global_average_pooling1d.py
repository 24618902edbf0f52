"""Mean over time."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_global_pooling import BaseGlobalPooling


class GlobalAveragePooling1D(BaseGlobalPooling):
    """The mean of each channel over all places. Arguments as in `BaseGlobalPooling`."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(1, data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The mean over time, of the steps that count if there is a mask."""
        if mask is None:
            return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)
        weights = ops.cast(ops.expand_dims(mask, 2 if self.data_format == "channels_last" else 1), inputs.dtype)
        total = ops.sum(inputs * weights, axis=self.axes, keepdims=self.keepdims)
        return total / ops.sum(weights, axis=self.axes, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: time is gone."""
        return None
