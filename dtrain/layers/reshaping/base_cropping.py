"""What the cropping layers of 1, 2 and 3 axes have in common."""

from __future__ import annotations

from typing import Any

from dtrain import config

from ..arguments import int_pairs, plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class BaseCropping(Layer):
    """Takes values away at the start and at the end of `rank` axes.

    Args:
        rank: number of axes that shrink.
        cropping: an integer for all sides, one for both sides of each axis, or a pair (start, end) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.

    Raises:
        ValueError: when nothing would be left of an axis.
    """

    def __init__(self, rank: int, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping: Any = int_pairs(type(self).__name__, "cropping", cropping, rank)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """What is left."""
        start = 2 if self.data_format == "channels_first" else 1
        key = [slice(None)] * start
        for axis, (before, after) in enumerate(self.cropping, start):
            length = int(inputs.shape[axis])
            if before + after >= length:
                raise ValueError(
                    f"{type(self).__name__} {self.name!r}: cropping must leave something of every axis. "
                    f"Received: cropping={self.cropping}, length {length} on axis {axis}"
                )
            key.append(slice(before, length - after))
        return inputs[tuple(key)]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "cropping", "data_format")}
