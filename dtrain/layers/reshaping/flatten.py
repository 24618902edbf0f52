"""All axes of a row in one."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class Flatten(Layer):
    """(N, ...) to (N, product of the rest); (N,) to (N, 1). With `channels_first`, channels are moved last before."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """One axis for each row."""
        if self.data_format == "channels_first" and len(inputs.shape) > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        if len(inputs.shape) == 1:
            return ops.expand_dims(inputs, -1)
        size = 1
        for n in inputs.shape[1:]:
            size *= n
        return ops.reshape(inputs, (inputs.shape[0], size))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "data_format")}
