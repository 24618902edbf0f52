"""One layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph.nest import map_structure

from ..core.wrapper import Wrapper, build_inside
from ..layer import Layer
from ..signature import signature_of


class TimeDistributed(Wrapper):
    """`y[:, t] = layer(x[:, t])` for every step t of a sequence (N, T, ...).

    All steps of all rows are one batch of N * T rows for the layer.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer for the inputs of one step."""
        if not isinstance(input_shape, (list, tuple)) or len(input_shape) < 3:
            raise ValueError(
                f"TimeDistributed {self.name!r}: expected inputs with at least 3 axes (batch, time, ...). "
                f"Received: shape {input_shape}"
            )
        build_inside(self.layer, (input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The layer's outputs (N, T, ...)."""
        rows, steps = inputs.shape[:2]
        kwargs: dict[str, Any] = {}
        if mask is not None and signature_of(type(self.layer)).mask and len(mask.shape) > 2:
            kwargs["mask"] = ops.reshape(mask, (rows * steps, *mask.shape[2:]))
        outputs = self.layer(ops.reshape(inputs, (rows * steps, *inputs.shape[2:])), training=training, **kwargs)
        return map_structure(lambda y: ops.reshape(y, (rows, steps, *y.shape[1:])), outputs)
