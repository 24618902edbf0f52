"""What a summary shows of each layer: name, output shape, number of parameters, inputs, whether it is trained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dtrain.graph.nest import flatten
from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.layers.input_layer import InputLayer
from dtrain.layers.layer import Layer
from dtrain.tree import map_shape_structure

from .graph_config import operation_names

if TYPE_CHECKING:
    from .function import Function
    from .model import Model


@dataclass(slots=True)
class Row:
    """One layer, or one op of a Functional model, `depth` models deep."""

    depth: int
    name: str
    kind: str
    shape: str
    parameters: str
    inputs: str
    trainable: str


def summary_rows(model: Model, expand_nested: bool, layer_range: Sequence[str] | None) -> list[Row]:
    """The rows of a model's own layers, with those of nested models below them on demand.

    Raises:
        ValueError: when `layer_range` names a layer that is not there.
    """
    return list(_rows(model, 0, expand_nested, layer_range))


def is_plain_stack(model: Model) -> bool:
    """Whether every layer has one input, the output of the layer before it."""
    graph = model._graph
    if graph is None:
        return True
    nodes = [node for node in graph.nodes if node.input_tensors]
    single = all(len(node.input_tensors) == 1 and len(node.output_tensors) == 1 for node in nodes)
    follows = all(second.input_tensors[0] is first.output_tensors[0] for first, second in pairwise(nodes))
    return single and follows and len(graph.input_tensors) == 1


def _operations(model: Model) -> list[Any]:
    from .sequential import Sequential

    if model._graph is None or isinstance(model, Sequential):
        return list(model.layers)
    return list(model._graph.operations)


def _rows(model: Model, depth: int, expand_nested: bool, layer_range: Sequence[str] | None = None) -> Iterable[Row]:
    from .model import Model

    graph = model._graph
    names = operation_names(graph.operations) if graph is not None else {}
    for operation in _in_range(_operations(model), layer_range):
        yield Row(
            depth=depth,
            name=names.get(id(operation), operation.name),
            kind=_kind(operation),
            shape=_output_shape(graph, operation),
            parameters=_parameters(operation),
            inputs=_inputs(graph, operation, names),
            trainable=_trainable(operation),
        )
        if expand_nested and isinstance(operation, Model):
            yield from _rows(operation, depth + 1, expand_nested)


def _kind(operation: Any) -> str:
    return type(operation).__name__ if isinstance(operation, Layer) else f"ops.{operation.function.__name__}"


def _parameters(operation: Any) -> str:
    if not isinstance(operation, Layer):
        return "0"
    count = sum(variable.array.size for variable in operation.weights)
    return f"{count:,}" if operation.built or count else "0 (unbuilt)"


def _trainable(operation: Any) -> str:
    if not isinstance(operation, Layer) or not operation.weights:
        return "-"
    return "Y" if operation.trainable else "N"


def _nodes(graph: Function | None, operation: Any) -> list[Node]:
    return [node for node in graph.nodes if node.operation is operation] if graph is not None else []


def _output_shape(graph: Function | None, operation: Any) -> str:
    calls = [[_shape(tensor.shape) for tensor in node.output_tensors] for node in _nodes(graph, operation)]
    if not calls and isinstance(operation, Layer):
        calls = [_computed_shapes(operation)]
    return ", ".join(dict.fromkeys(", ".join(shapes) for shapes in calls))


def _computed_shapes(layer: Layer) -> list[str]:
    """Of a layer that was called outside of a graph: for the input that it was built with."""
    if not layer.built or layer._build_shapes is None:
        return ["?"]
    shapes, found = layer._build_shapes, list[str]()
    named = isinstance(shapes, dict) and all(str(name).endswith("_shape") for name in shapes)
    try:
        shape = layer.compute_output_shape(**shapes) if named else layer.compute_output_shape(shapes)
    except Exception:
        return ["?"]
    map_shape_structure(lambda one: found.append(_shape(one)), shape)
    return found


def _shape(shape: Iterable[int | None]) -> str:
    return f"({', '.join(str(n) for n in shape)})"


def _inputs(graph: Function | None, operation: Any, names: Mapping[int, str]) -> str:
    if isinstance(operation, InputLayer):
        return "-"
    tensors = [tensor for node in _nodes(graph, operation) for tensor in node.input_tensors]
    return ", ".join(_place(tensor, names) for tensor in tensors)


def _place(tensor: KerasTensor, names: Mapping[int, str]) -> str:
    """`layer`, with the numbers of the call and of the output where there are several: `layer[call][output]`."""
    operation, call, output = tensor._keras_history
    several = len(operation._inbound_nodes) > 1 or len(flatten(operation._inbound_nodes[0].outputs)) > 1
    name = names.get(id(operation), str(operation.name))
    return f"{name}[{call}][{output}]" if several else name


def _in_range(operations: list[Any], layer_range: Sequence[str] | None) -> list[Any]:
    """The operations between two, given by names or regular expressions, both included."""
    if layer_range is None:
        return operations
    if len(layer_range) != 2:
        raise ValueError(f"summary: layer_range must be two names, first and last. Received: {layer_range!r}")
    names = [operation.name for operation in operations]
    ends = [[k for k, name in enumerate(names) if re.match(pattern, name)] for pattern in layer_range]
    for pattern, found in zip(layer_range, ends, strict=True):
        if not found:
            raise ValueError(f"summary: layer_range names {pattern!r}; the layers are: {', '.join(names)}")
    start, stop = min(ends[0]), max(ends[1])
    return operations[min(start, stop) : max(start, stop) + 1]
