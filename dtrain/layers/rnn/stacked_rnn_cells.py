"""Several cells that act as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from ..layer import Layer
from ..signature import signature_of


class StackedRNNCells(Layer):
    """Cells on top of each other: each one's output is the next one's input; the state is the list of their states."""

    def __init__(self, cells: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = list(cells)
        for cell in self.cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(
                    f"StackedRNNCells: expected cells with `call` and `state_size`. Received: {type(cell).__name__}"
                )

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        last = self.cells[-1]
        if getattr(last, "output_size", None) is not None:
            return last.output_size
        return last.state_size[0] if isinstance(last.state_size, (list, tuple)) else last.state_size

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The first states of all cells."""
        from .rnn import initial_state_of

        return [initial_state_of(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Output of the last cell, and the new states of all."""
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            takes_training = signature_of(type(cell)).training
            inputs, state = cell(inputs, state, **({"training": training} if takes_training else {}))
            new_states.append(state)
        return inputs, new_states

    def start_sequence(self, inputs: Any, state: Any, training: bool) -> None:
        """Let every cell draw its dropout masks; a cell's inputs are the outputs of the one before."""
        for cell, own in zip(self.cells, state, strict=True):
            first = own[0] if isinstance(own, (list, tuple)) else own
            if hasattr(cell, "start_sequence"):
                cell.start_sequence(inputs, first, training)
            inputs = first

    def end_sequence(self) -> None:
        """Let every cell forget its masks."""
        for cell in self.cells:
            if hasattr(cell, "end_sequence"):
                cell.end_sequence()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> StackedRNNCells:
        """The cells that `get_config` describes."""
        config = dict(config)
        cells = [deserialize_keras_object(c, custom_objects) for c in config.pop("cells")]
        return cls(cells, **config)
