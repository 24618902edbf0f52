"""Largest value over all places of an image."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_global_pooling import BaseGlobalPooling


class GlobalMaxPooling2D(BaseGlobalPooling):
    """The largest value of each channel over all places. Arguments as in `BaseGlobalPooling`."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(2, data_format, keepdims, **kwargs)

    def call(self, inputs: Any) -> Any:
        """One value for each channel."""
        return ops.max(inputs, axis=self.axes, keepdims=self.keepdims)
