"""Mean of windows that cover 3 axes, in a given number."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_adaptive_pooling import BaseAdaptivePooling


class AdaptiveAveragePooling3D(BaseAdaptivePooling):
    """The mean of each of `output_size` windows. Arguments as in `BaseAdaptivePooling`."""

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(3, output_size, data_format, **kwargs)

    def pool(self, values: Any, axis: int) -> Any:
        """The mean of one window."""
        return ops.mean(values, axis=axis, keepdims=True)
