"""What the zero-padding layers of 1, 2 and 3 axes have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops

from ..arguments import int_pairs, plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BaseZeroPadding(Layer):
    """Zeros before and after the values along `rank` axes.

    Args:
        rank: number of axes that grow.
        padding: an integer for all sides, one for both sides of each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(self, rank: int, padding: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding: Any = int_pairs(type(self).__name__, "padding", padding, rank)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros around them."""
        widths = [(0, 0), (0, 0), *self.padding] if self.data_format == "channels_first" else [
            (0, 0), *self.padding, (0, 0),
        ]  # fmt: skip
        return ops.pad(inputs, widths)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "padding", "data_format")}
