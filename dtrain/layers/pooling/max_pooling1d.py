"""Largest value of each window, over 1 axis."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .base_pooling import BasePooling


class MaxPooling1D(BasePooling):
    """The largest value of each window of `pool_size`. Arguments as in `BasePooling`."""

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(1, pool_size, strides, padding, data_format, name=name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """One value for each window."""
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)
