"""A sequence read in both directions (Schuster and Paliwal 1997)."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph.nest import flatten
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from ..arguments import plain_attributes
from ..core.wrapper import build_inside
from ..layer import Layer
from ..signature import signature_of

_MODES = ("sum", "mul", "concat", "ave", None)


class Bidirectional(Layer):
    """Runs a recurrent layer, and one that goes backwards, over a sequence (N, T, ...) and merges their outputs.

    Args:
        layer: a recurrent layer; a copy of it runs forwards.
        merge_mode: "concat", "sum", "mul", "ave", or None to return both outputs.
        weights: first values of all variables, those of the forward layer first.
        backward_layer: what runs backwards, with `go_backwards=True` (default: a copy of `layer`).
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, Layer) and (value is not None or name == "layer"):
                raise ValueError(f"Bidirectional: expected a layer as {name}. Received: {name}={value!r}")
        if merge_mode not in _MODES:
            raise ValueError(f"Bidirectional: merge_mode must be one of {_MODES}. Received: merge_mode={merge_mode!r}")
        super().__init__(**kwargs)
        self.forward_layer = _copy(layer, "forward_")
        self.backward_layer = backward_layer or _copy(layer, "backward_", go_backwards=True)
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(one, "zero_output_for_mask"):  # so that merged outputs of masked steps are zeros
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.stateful = layer.stateful
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._first_weights = weights

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: one layer must have go_backwards=True and the other False. "
                f"Received: {forward.go_backwards} for both"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, name), getattr(backward, name)
            if values[0] != values[1]:
                raise ValueError(
                    f"Bidirectional: both layers must have the same {name}. Received: {values[0]} and {values[1]}"
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        build_inside(self.forward_layer, sequences_shape)
        build_inside(self.backward_layer, sequences_shape)
        if self._first_weights:
            self.set_weights(self._first_weights)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """The merged outputs, then the last states of both layers if asked for.

        Args:
            initial_state: the first states of the forward layer, then those of the backward layer.
        """
        states = flatten(initial_state) if initial_state is not None else []
        half = len(states) // 2
        forward = self._run(self.forward_layer, sequences, states[:half], mask, training)
        backward = self._run(self.backward_layer, sequences, states[half:], mask, training)
        first, second = forward[0], backward[0]
        if self.return_sequences:
            second = ops.flip(second, axis=1)
        merged = self._merge(first, second)
        if not self.return_state:
            return merged
        return (*(merged if isinstance(merged, tuple) else (merged,)), *forward[1:], *backward[1:])

    @staticmethod
    def _run(layer: Any, sequences: Any, states: list[Any], mask: Any, training: bool | None) -> tuple[Any, ...]:
        takes = signature_of(type(layer))
        kwargs = {"mask": mask} if takes.mask and mask is not None else {}
        if states:
            kwargs["initial_state"] = states
        outputs = layer(sequences, training=training, **kwargs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def _merge(self, first: Any, second: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([first, second], axis=-1)
        if self.merge_mode == "sum":
            return first + second
        if self.merge_mode == "ave":
            return (first + second) / 2.0
        if self.merge_mode == "mul":
            return first * second
        return first, second

    @property
    def states(self) -> Any:
        """The states between batches of stateful layers; None before the first batch."""
        held = self.forward_layer.states, self.backward_layer.states
        return None if held[0] is None else [*held[0], *held[1]]

    def reset_state(self) -> None:
        """Set the states of stateful layers back to zero."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the sequence for each output that is one; the states have none."""
        mask = flatten(previous_mask)[0] if self.return_sequences else None
        outputs = [mask] * (2 if self.merge_mode is None else 1)
        if not self.return_state:
            return outputs if self.merge_mode is None else mask
        return [*outputs, *(None for _ in range(2 * len(flatten(self.forward_layer.cell.state_size))))]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(self, "merge_mode"),
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Bidirectional:
        """The layer that `get_config` describes."""
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_keras_object(config[name], custom_objects)
        return cls(**config)


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A new layer of the same configuration, whose name begins with `prefix`."""
    config = serialize_keras_object(layer)
    config["config"] = {**config["config"], **changes, "name": prefix + layer.name.removeprefix(prefix)}
    return deserialize_keras_object(config)
