"""What the pooling layers of 1, 2 and 3 axes have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config

from ..arguments import int_tuple, one_of, plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BasePooling(Layer):
    """One value for each window that moves over `rank` axes.

    Args:
        pool_size: lengths of the window: an integer for all axes, or one for each.
        strides: steps between windows (None: `pool_size`).
        padding: "valid" (whole windows only) or "same".
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(
        self,
        rank: int,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        layer = type(self).__name__
        self.pool_size = int_tuple(layer, "pool_size", pool_size, rank)
        self.strides = int_tuple(layer, "strides", pool_size if strides is None else strides, rank)
        self.padding = one_of(layer, "padding", padding, ("valid", "same"))
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "pool_size", "padding", "strides", "data_format")}
