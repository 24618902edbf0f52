"""The loop of recurrent layers over time, for any cell. N batch, T time, u units."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import Tensor, Variable
from dtrain.graph.nest import flatten, map_structure, pack_as
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer
from ..signature import signature_of
from .row_state import RowState


class RNN(Layer):
    """Calls a cell on every step of a sequence.

    Args:
        cell: an object with `call(inputs, states) -> (output, new_states)` and `state_size` (a number, or several in
            a list), or a list of such cells.
        return_sequences: whether the outputs of all steps are returned (N, T, ...), not only the last one.
        return_state: whether the last states are returned as well; of several cells, a list of states for each.
        go_backwards: whether the steps are taken from the last to the first.
        stateful: whether a batch starts with the states in which the batch before it ended, row by row.
        unroll: accepted as in Keras; the loop is always unrolled when it is traced.
        zero_output_for_mask: whether outputs of masked steps are zeros instead of the output before.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("time_major", None)  # Keras 2 wrote it into files; only False was in use
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            from .stacked_rnn_cells import StackedRNNCells

            cell = StackedRNNCells(cell, dtype=kwargs.get("dtype"))
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise ValueError(f"RNN: expected a cell with `call` and `state_size`. Received: {type(cell).__name__}")
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)] if isinstance(cell.state_size, int) else None
        self._state = RowState()

    # -- states ---------------------------------------------------------------------------------------------------

    @property
    def states(self) -> list[Variable] | None:
        """The states between batches of a stateful layer; None before the first batch."""
        return self._state.variables

    def get_initial_state(self, batch_size: Any) -> Any:
        """The states that a sequence starts with unless others are given."""
        return initial_state_of(self.cell, batch_size, self.compute_dtype)

    def reset_state(self) -> None:
        """Set the states of a stateful layer back to zero."""
        self._state.reset()

    reset_states = reset_state

    # -- call -----------------------------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell for the inputs of one step."""
        step = (sequences_shape[0], *sequences_shape[2:])
        if isinstance(self.cell, Layer) and not self.cell.built:
            from ..call_context import naming

            with naming(self.cell.name):
                self.cell.build(step)
            self.cell.built = not _needs_call(self.cell)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Outputs (and last states) for sequences (N, T, ...)."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        states = self._first_states(sequences, initial_state)
        outputs, last, states = self.run(sequences, states, mask, training)
        if self.stateful:
            self._state.store(flatten(states))
        result = outputs if self.return_sequences else last
        if self.return_state:
            return (result, *(_alone(s) for s in (states if isinstance(states, (list, tuple)) else [states])))
        return result

    def run(self, sequences: Any, states: Any, mask: Any, training: bool) -> tuple[Any, Any, Any]:
        """All outputs (None unless asked for), the last output and the last states."""
        count = int(sequences.shape[1])
        if count == 0:
            raise ValueError(f"{type(self).__name__} {self.name!r}: expected at least one time step. Received: 0")
        steps = range(count - 1, -1, -1) if self.go_backwards else range(count)
        takes_training = isinstance(self.cell, Layer) and signature_of(type(self.cell)).training
        kwargs = {"training": training} if takes_training else {}
        if hasattr(self.cell, "start_sequence"):
            own = states if hasattr(self.cell, "cells") else flatten(states)[0]
            self.cell.start_sequence(sequences[:, 0], own, training)
        outputs: list[Any] = []
        last = None
        for t in steps:
            output, new_states = self.cell(sequences[:, t], states, **kwargs)
            if mask is not None:
                keep = mask[:, t]
                previous = ops.zeros_like(output) if last is None else last
                last = _select(keep, output, previous)
                states = pack_as(
                    states, (_select(keep, n, o) for n, o in zip(flatten(new_states), flatten(states), strict=True))
                )
                outputs.append(_select(keep, output, ops.zeros_like(output)) if self.zero_output_for_mask else last)
            else:
                last, states = output, pack_as(states, flatten(new_states))
                outputs.append(output)
        if hasattr(self.cell, "end_sequence"):
            self.cell.end_sequence()
        return ops.stack(outputs, axis=1) if self.return_sequences else None, last, states

    def _first_states(self, sequences: Any, initial_state: Any) -> Any:
        template = self.get_initial_state(sequences.shape[0])
        if initial_state is not None:
            given = flatten(initial_state)
            if len(given) != len(flatten(template)):
                raise ValueError(
                    f"{type(self).__name__} {self.name!r}: expected {len(flatten(template))} initial state(s). "
                    f"Received: {len(given)}"
                )
            return pack_as(template, given)
        if self.stateful:
            return pack_as(template, self._state.load(flatten(template)))
        return template

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the sequence if all outputs are returned; the states have none."""
        mask = flatten(previous_mask)[0]
        first = mask if self.return_sequences else None
        return [first, *(None for _ in flatten(self.cell.state_size))] if self.return_state else first

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(self, "return_sequences", "return_state", "go_backwards", "stateful", "unroll"),
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` describes."""
        config = dict(config)
        if "cell" in config:
            config["cell"] = deserialize_keras_object(config["cell"], custom_objects)
        return cls(**config)


def initial_state_of(cell: Any, batch_size: Any, dtype: str) -> Any:
    """The cell's own first states, or zeros."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size)
    sizes = cell.state_size
    zeros = map_structure(lambda n: ops.zeros((batch_size, n), dtype=dtype), sizes)
    return [zeros] if isinstance(sizes, int) else zeros


def _alone(state: Any) -> Any:
    """The state of a cell that has but one, else the list of its states."""
    return state[0] if isinstance(state, (list, tuple)) and len(state) == 1 else state


def _select(keep: Tensor, new: Tensor, old: Tensor) -> Any:
    """Row by row: `new` where the step counts, else `old`."""
    for _ in range(len(new.shape) - 1):
        keep = ops.expand_dims(keep, -1)
    return ops.where(keep, new, old)


def _needs_call(cell: Layer) -> bool:
    """Whether parts of a composite cell are still to be built by its first call."""
    return any(not layer.built for layer in cell._flat_layers() if layer is not cell)
