"""Mean over all places of a volume."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_global_pooling import BaseGlobalPooling


class GlobalAveragePooling3D(BaseGlobalPooling):
    """The mean of each channel over all places. Arguments as in `BaseGlobalPooling`."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(3, data_format, keepdims, **kwargs)

    def call(self, inputs: Any) -> Any:
        """One value for each channel."""
        return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)
