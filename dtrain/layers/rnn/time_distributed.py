"""One layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph.nest import flatten, map_structure, pack_as

from ..core.wrapper import Wrapper, build_inside
from ..layer import Layer
from ..normalization.batch_normalization import BatchNormalization


class TimeDistributed(Wrapper):
    """`y[:, t] = layer(x[:, t])` for every step t of a sequence (N, T, ...).

    All steps of all rows are one batch of N * T rows for the layer; a step at a time where the layer holds a
    `BatchNormalization` that is being trained, so that its statistics are those of the step.
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
        """The layer's outputs (N, T, ...).

        Raises:
            ValueError: when the mask is not one of these steps.
        """
        if mask is not None and tuple(mask.shape[:2]) != tuple(inputs.shape[:2]):
            raise ValueError(
                f"TimeDistributed {self.name!r}: expected a mask of the inputs' rows and steps. "
                f"Received: mask of shape {tuple(mask.shape)}, inputs of shape {tuple(inputs.shape)}"
            )
        if training and self._mixes_rows():
            steps = [self._step(inputs, mask, t) for t in range(int(inputs.shape[1]))]
            return pack_as(steps[0], (ops.stack(outputs, axis=1) for outputs in zip(*map(flatten, steps), strict=True)))
        rows, count = inputs.shape[:2]
        flat = _with_mask(
            ops.reshape(inputs, (rows * count, *inputs.shape[2:])),
            None if mask is None else ops.reshape(mask, (rows * count, *mask.shape[2:])),
        )
        outputs = self.layer(flat, training=training)
        return map_structure(lambda y: ops.reshape(y, (rows, count, *y.shape[1:])), outputs)

    def _step(self, inputs: Any, mask: Any, t: int) -> Any:
        return self.layer(_with_mask(inputs[:, t], None if mask is None else mask[:, t]), training=True)

    def _mixes_rows(self) -> bool:
        """Whether a row's output depends on the other rows of its batch, which are then those of the same step."""
        return any(isinstance(part, BatchNormalization) and part.trainable for part in self.layer._flat_layers())


def _with_mask(inputs: Any, mask: Any) -> Any:
    # A mask of steps says of a whole inner sequence that it counts: inner layers want one of its steps.
    if mask is not None and (len(mask.shape) > 1 or len(inputs.shape) == 2):
        inputs._keras_mask = mask
    return inputs
