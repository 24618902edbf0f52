"""What the pooling layers with an output of given size have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops

from ..arguments import int_tuple, plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BaseAdaptivePooling(Layer):
    """One value for each of `output_size` windows that cover `rank` axes.

    Window k of m on an axis of length n reaches from `floor(k * n / m)` to `ceil((k + 1) * n / m)`.

    Args:
        rank: number of axes that are pooled.
        output_size: number of windows: an integer for all axes, or one for each.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(self, rank: int, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = int_tuple(type(self).__name__, "output_size", output_size, rank)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def pool(self, values: Any, axis: int) -> Any:
        """One value for a window, which is given with its whole length along `axis`."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """One value for each window."""
        start = 2 if self.data_format == "channels_first" else 1
        for axis, count in enumerate(self.output_size, start):
            length = int(inputs.shape[axis])
            lead = (slice(None),) * axis
            windows = [(k * length // count, -(-(k + 1) * length // count)) for k in range(count)]
            parts = [self.pool(inputs[(*lead, slice(*window))], axis) for window in windows]
            inputs = ops.concatenate(parts, axis=axis)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "output_size", "data_format")}
