"""What the up-sampling layers of 1, 2 and 3 axes have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops

from ..arguments import int_tuple, plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BaseUpSampling(Layer):
    """Every value repeated along `rank` axes.

    Args:
        rank: number of axes that grow.
        size: how often values are repeated: an integer for all axes, or one for each.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(self, rank: int, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = int_tuple(type(self).__name__, "size", size, rank)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The repeated values."""
        start = 2 if self.data_format == "channels_first" else 1
        for axis, times in enumerate(self.size, start):
            inputs = ops.repeat(inputs, times, axis=axis)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "size", "data_format")}
