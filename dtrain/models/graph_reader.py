"""A Functional model from its configuration, in the schema of Keras 3 or of Keras 1 and 2.

In the old schema a call is a list of `[layer, call, output, keyword arguments]`, one for each input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.graph.nest import flatten
from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.layers.layer import Layer
from dtrain.saving.serialization import deserialize_keras_object

from .graph_config import FIXED_TRAINING
from .op_config import call_op, find_op

Config = dict[str, Any]


def read_graph(config: Config, custom_objects: Any = None) -> tuple[Any, Any]:
    """`(inputs, outputs)` of the model that a configuration describes: its layers are made and called.

    Raises:
        ValueError: for a configuration whose calls refer to tensors that no call makes.
    """
    reader = _Reader(config, custom_objects)
    reader.run()
    return reader.structure(config["input_layers"]), reader.structure(config["output_layers"], outputs=True)


class _Reader:
    """The layers of a configuration and the calls made so far."""

    def __init__(self, config: Config, custom_objects: Any) -> None:
        entries: list[Config] = config["layers"]
        self.nodes: dict[str, list[Node]] = {}
        self.waiting: dict[str, list[Any]] = {}
        self.callers: dict[str, Callable[..., Node]] = {}
        self.models: set[str] = set()
        self.old_style = any(isinstance(node, list) for entry in entries for node in entry.get("inbound_nodes", ()))
        for entry in entries:
            self._make(entry, custom_objects)
        self.shifted = _shifted(config) & self.models if self.old_style else set()

    def _make(self, entry: Config, custom_objects: Any) -> None:
        from .functional import Functional
        from .model import Model

        name = entry.get("name") or entry["config"]["name"]
        self.waiting[name] = list(entry.get("inbound_nodes", ()))
        self.nodes[name] = []
        function = find_op(entry)
        if function is not None:
            settings = deserialize_keras_object(entry["config"], custom_objects)
            self.callers[name] = lambda args, kwargs: _op_node(function, settings, args, kwargs, name)
            return
        layer = deserialize_keras_object(entry, custom_objects)
        if not isinstance(layer, Layer):
            raise ValueError(f"Model: expected a layer or an operation. Received: {entry['class_name']!r}, a {layer!r}")
        if isinstance(layer, Model if self.old_style else Functional):
            self.models.add(name)
        if not self.waiting[name]:
            self.nodes[name] = layer._inbound_nodes[:1]
        self.callers[name] = lambda args, kwargs: _layer_node(layer, args, kwargs)

    def run(self) -> None:
        """Make every call as soon as its tensors are there."""
        while any(self.waiting.values()):
            if not sum(self._advance(name) for name in self.waiting):
                left = {name: calls for name, calls in self.waiting.items() if calls}
                raise ValueError(f"Model: these layers are called on tensors that no layer makes: {', '.join(left)}")

    def _advance(self, name: str) -> int:
        count = 0
        while self.waiting[name]:
            try:
                args, kwargs = self._arguments(self.waiting[name][0])
            except LookupError:
                break
            del self.waiting[name][0]
            self.nodes[name].append(self.callers[name](args, kwargs))
            count += 1
        return count

    def _arguments(self, node: Any) -> tuple[list[Any], dict[str, Any]]:
        if isinstance(node, dict) and "args" in node:
            read = (deserialize_keras_object(node[part]) for part in ("args", "kwargs"))
            args, kwargs = (_map_leaves(self._revive, part) for part in read)
            if FIXED_TRAINING not in node:
                kwargs.pop("training", None)
            return list(args), kwargs
        return self._old_arguments(node)

    def _revive(self, leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            return self.tensor(*leaf._pre_serialization_keras_history)  # type: ignore[attr-defined]
        return leaf

    def _old_arguments(self, node: Any) -> tuple[list[Any], dict[str, Any]]:
        """`[["a", 0, 0, {}], ...]` of Keras 1 and 2: the inputs of one call, the first of which carries its kwargs."""
        if isinstance(node, dict):
            return [{key: self.tensor(*entry[:3]) for key, entry in node.items()}], {}
        single = bool(node) and isinstance(node[0], str)
        entries = [node] if single else node
        tensors = [self._old_tensor(entry) for entry in entries]
        kwargs = next((dict(entry[3]) for entry in entries if len(entry) > 3 and entry[3]), {})
        return [tensors[0] if len(tensors) == 1 else tensors], {k: self._old_value(v) for k, v in kwargs.items()}

    def _old_tensor(self, entry: list[Any]) -> Any:
        return entry[2] if entry[0] == "_CONSTANT_VALUE" else self.tensor(*entry[:3])

    def _old_value(self, value: Any) -> Any:
        is_place = isinstance(value, list) and len(value) in (3, 4) and value[0] in self.nodes
        return self.tensor(*value[:3]) if is_place else value

    def tensor(self, name: str, number: int, index: int) -> KerasTensor:
        """Output `index` of call `number` of a layer; LookupError while that call has not been made."""
        if name not in self.nodes:
            raise ValueError(f"Model: a layer is called on an output of {name!r}, which is not among its layers")
        number -= name in self.shifted
        if number >= len(self.nodes[name]):
            raise LookupError(name)
        return self.nodes[name][number].output_tensors[index]

    def structure(self, places: Any, outputs: bool = False) -> Any:
        """The tensors of `input_layers` or `output_layers`, in their structure."""
        if isinstance(places, dict):
            return {key: self.structure(value, outputs) for key, value in places.items()}
        if len(places) == 3 and isinstance(places[0], str):
            name, number, index = places
            own_graph = outputs and not self.old_style and name in self.models and number > 0
            return self.tensor(name, number - own_graph, index)
        items = [self.structure(item, outputs) for item in places]
        return items[0] if self.old_style and len(items) == 1 else items


def _shifted(config: Config) -> set[str]:
    """Layers whose call 0 nobody uses: Keras 2 counts a nested model's own graph as its first call."""
    used: dict[str, set[int]] = {}

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and all(type(n) is int for n in value[1:3]):
                used.setdefault(value[0], set()).add(value[1])
            for item in value:
                collect(item)

    for part in ([entry.get("inbound_nodes") for entry in config["layers"]], config["output_layers"]):
        collect(part)
    return {name for name, numbers in used.items() if 0 not in numbers}


def _map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _map_leaves(function, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_leaves(function, item) for item in value]
    return function(value)


def _layer_node(layer: Layer, args: list[Any], kwargs: dict[str, Any]) -> Node:
    from dtrain.layers import RNN, Bidirectional

    if isinstance(layer, (RNN, Bidirectional)) and isinstance(args[0], list):
        # Keras 2 takes the first states for further inputs.
        kwargs = {"initial_state": args[0][1:], **kwargs}
        args = [args[0][0], *args[1:]]
    layer(*args, **kwargs)
    return layer._inbound_nodes[-1]


def _op_node(
    function: Callable[..., Any], settings: Config, args: list[Any], kwargs: dict[str, Any], name: str
) -> Node:
    outputs = flatten(call_op(function, settings, args, kwargs))
    node: Node | None = outputs[0].node
    if node is None:
        raise ValueError(f"Model: the operation {name!r} ({function.__name__}) is called on no symbolic tensor")
    node.operation.name = name
    return node
