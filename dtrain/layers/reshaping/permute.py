"""The axes of a row in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class Permute(Layer):
    """Axis k of the output is axis `dims[k - 1]` of the input; the batch axis (0) stays: `dims` counts from 1."""

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(int(d) for d in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: dims must hold each of 1, ..., {len(self.dims)} once. Received: dims={self.dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs with axes exchanged."""
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "dims")}
