"""What the global pooling layers have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BaseGlobalPooling(Layer):
    """One value for each channel.

    Args:
        data_format: "channels_last" (N, ..., C) or "channels_first" (N, C, ...).
        keepdims: whether the pooled axes stay, with length 1.
    """

    def __init__(self, rank: int, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.keepdims = keepdims
        start = 2 if self.data_format == "channels_first" else 1
        self.axes = tuple(range(start, start + rank))
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "data_format", "keepdims")}
