"""The graph of a Functional model as a configuration in Keras 3's schema.

A layer's entry lists its calls (`inbound_nodes`). A tensor is named by `[layer, number of the call, number of the
output]`, counting only calls that belong to the model.
"""

from __future__ import annotations

from typing import Any

from dtrain.graph.nest import map_structure
from dtrain.graph.symbolic import KerasTensor, Node, OpCall
from dtrain.layers.layer import Layer
from dtrain.saving.serialization import serialize_keras_object

from .function import Function
from .op_config import op_arguments, op_entry

Config = dict[str, Any]

FIXED_TRAINING = "fixed_training"
"""Marks a call whose `training` the user has fixed. Keras writes `training` into every call, and minds none of them."""


def graph_config(graph: Function) -> Config:
    """`{"layers", "input_layers", "output_layers"}` of a graph."""
    return _Writer(graph).config()


class _Writer:
    """Names the operations of a graph and numbers their calls."""

    def __init__(self, graph: Function) -> None:
        self.graph = graph
        self.names = operation_names(graph.operations)
        boundary = {id(tensor) for tensor in graph.input_tensors}
        members = {id(n) for n in graph.nodes if not n.input_tensors or boundary.isdisjoint(map(id, n.output_tensors))}
        # An input that nothing uses is no part of the way to the outputs, but of the model.
        members |= {id(t.node) for t in graph.input_tensors if t.node is not None and not t.node.input_tensors}
        self.calls = {
            id(operation): [n for n in operation._inbound_nodes if id(n) in members] for operation in graph.operations
        }
        # An intermediate tensor of another model as an input: what makes it is replaced by an Input.
        cut = [t for t in graph.input_tensors if t.node is not None and id(t.node) not in members]
        taken = set(self.names.values())
        self.cuts = {id(t): (t, _free_name(f"input_{k}", taken)) for k, t in enumerate(cut, 1)}

    def config(self) -> Config:
        inputs = [self.cut_entry(tensor, name) for tensor, name in self.cuts.values()]
        used = [operation for operation in self.graph.operations if self.calls[id(operation)]]
        return {
            "layers": [*inputs, *(self.entry(operation) for operation in used)],
            "input_layers": _without_tuples(map_structure(self.place, self.graph.inputs)),
            "output_layers": _without_tuples(map_structure(self.output_place, self.graph.outputs)),
        }

    def entry(self, operation: Any) -> Config:
        name = self.names[id(operation)]
        entry = op_entry(operation, name) if isinstance(operation, OpCall) else serialize_keras_object(operation)
        calls = [node for node in self.calls[id(operation)] if node.input_tensors]
        return {**entry, "name": name, "inbound_nodes": [self.node(node) for node in calls]}

    def cut_entry(self, tensor: KerasTensor, name: str) -> Config:
        config = {"batch_shape": list(tensor.shape), "dtype": tensor.dtype, "sparse": False, "name": name}
        entry = {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}
        return {**entry, "name": name, "inbound_nodes": []}

    def node(self, node: Node) -> Config:
        if isinstance(node.operation, OpCall):
            return {"args": [self.argument(a) for a in op_arguments(node.operation, node)], "kwargs": {}}
        entry: Config = {
            "args": [self.argument(a) for a in node.args],
            "kwargs": {key: self.argument(value) for key, value in node.kwargs.items()},
        }
        if isinstance(node.kwargs.get("training"), bool):
            entry[FIXED_TRAINING] = True
        return entry

    def argument(self, value: Any) -> Any:
        if isinstance(value, KerasTensor):
            place = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": self.place(value)}
            return {"class_name": "__keras_tensor__", "config": place}
        if isinstance(value, (list, tuple)):
            return [self.argument(item) for item in value]
        if isinstance(value, dict):
            return {key: self.argument(item) for key, item in value.items()}
        return serialize_keras_object(value)

    def place(self, tensor: KerasTensor) -> list[Any]:
        node = tensor.node
        if id(tensor) in self.cuts:
            return [self.cuts[id(tensor)][1], 0, 0]
        if node is None:
            raise ValueError(f"The tensor {tensor.name!r} was not made by a layer or an Input")
        number = next(k for k, n in enumerate(self.calls[id(node.operation)]) if n is node)
        return [self.names[id(node.operation)], number, tensor._keras_history[2]]

    def output_place(self, tensor: KerasTensor) -> list[Any]:
        """Keras counts a nested Functional model's own graph as its first call, though in `output_layers` only."""
        from .functional import Functional

        name, number, index = self.place(tensor)
        nested = isinstance(tensor._keras_history[0], Functional) and id(tensor) not in self.cuts
        return [name, number + nested, index]


def operation_names(operations: list[Any]) -> dict[int, str]:
    """Unique names of a graph's operations by their `id`: those of ops get a number where they are taken."""
    names = {id(o): o.name for o in operations if isinstance(o, Layer)}
    taken = set(names.values())
    for operation in operations:
        if id(operation) in names:
            continue
        names[id(operation)] = _free_name(operation.name, taken)
    return names


def _free_name(base: str, taken: set[str]) -> str:
    """`base`, or `base_1`, `base_2`, ... where it is taken; it is taken from then on."""
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _without_tuples(structure: Any) -> Any:
    if isinstance(structure, (list, tuple)):
        return [_without_tuples(item) for item in structure]
    return {k: _without_tuples(v) for k, v in structure.items()} if isinstance(structure, dict) else structure
