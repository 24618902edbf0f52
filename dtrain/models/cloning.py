"""Copies of models with new layers and new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dtrain.graph.nest import flatten, map_structure
from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.layers.input_layer import Input, InputLayer
from dtrain.layers.layer import Layer

if TYPE_CHECKING:
    from .model import Model

CloneFunction = Callable[[Layer], Layer]
CallFunction = Callable[..., Any]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: CloneFunction | None = None,
    call_function: CallFunction | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model with the same layers anew: other variables, with initial values; compiled alike if the model is.

    Args:
        input_tensors: symbolic tensors to build it on; new Inputs if None.
        clone_function: `clone_function(layer)` gives the new layer (default: `from_config(get_config())`). An Input is
            not given to it.
        call_function: `call_function(layer, *args, **kwargs)` gives the new layer's output (default: calls it).
        recursive: whether nested models are cloned by the same functions, too.

    Raises:
        ValueError: for functions with a subclassed model, whose layers only its class knows.
    """
    from .sequential import Sequential

    if kwargs:
        raise ValueError(f"clone_model: unknown argument(s) {', '.join(sorted(kwargs))}")
    clone = _recursive(clone_function or copy_layer, call_function) if recursive else clone_function or copy_layer
    if isinstance(model, Sequential):
        return _compiled_as(model, _clone_sequential(model, input_tensors, clone))
    if model._graph is None:
        if clone_function is not None or call_function is not None or input_tensors is not None:
            raise ValueError(
                f"clone_model: expected a Functional or Sequential model with input_tensors, clone_function or "
                f"call_function. Received: {type(model).__name__}, a subclassed model"
            )
        return _compiled_as(model, type(model).from_config(model.get_config()))
    return _compiled_as(model, _clone_functional(model, input_tensors, clone, call_function or _call))


def _compiled_as(model: Model, copy: Model) -> Model:
    """The copy, compiled with the model's loss and metrics as they were given, and an optimizer of its own."""
    from dtrain.training.trainer import Trainer

    if not model.compiled or type(model).compile is not Trainer.compile:
        return copy
    given = dict(model._compile_arguments or {})
    if model.optimizer is not None:
        given["optimizer"] = type(model.optimizer).from_config(model.optimizer.get_config())
    copy.compile(**{key: _anew(value) for key, value in given.items()})
    return copy


def _anew(given: Any) -> Any:
    """Metrics hold what they have counted: each model has its own."""
    from dtrain.metrics import Metric

    return map_structure(lambda v: type(v).from_config(v.get_config()) if isinstance(v, Metric) else v, given)


def copy_layer(layer: Layer) -> Layer:
    """A layer of the same configuration with new variables."""
    new: Layer = type(layer).from_config(layer.get_config())
    return new


def _call(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)


def _recursive(clone: CloneFunction, call_function: CallFunction | None) -> CloneFunction:
    from .model import Model

    def function(layer: Layer) -> Layer:
        nested = isinstance(layer, Model) and layer._graph is not None
        return clone_model(layer, None, clone, call_function, True) if nested else clone(layer)  # type: ignore[arg-type]

    return function


def _clone_sequential(model: Any, input_tensors: Any, clone: CloneFunction) -> Model:
    tensors = flatten(input_tensors) if input_tensors is not None else []
    if len(tensors) > 1:
        raise ValueError(f"clone_model: a Sequential model has one input. Received: {len(tensors)} input_tensors")
    layers = [clone(layer) for layer in model._layers if not isinstance(layer, InputLayer)]
    if tensors:
        layers.insert(0, tensors[0]._keras_history[0])
    elif model._layers and isinstance(model._layers[0], InputLayer):
        layers.insert(0, copy_layer(model._layers[0]))
    copy: Model = type(model)(layers, name=model.name, trainable=model.trainable)
    return copy


def _clone_functional(model: Model, input_tensors: Any, clone: CloneFunction, call: CallFunction) -> Model:
    graph = model._need_graph("graph")
    inputs = _new_inputs(graph.inputs, input_tensors)
    values = {id(old): new for old, new in zip(graph.input_tensors, flatten(inputs), strict=True)}
    operations: dict[int, Any] = {}
    for node in graph.nodes:
        if all(id(tensor) in values for tensor in node.output_tensors):
            continue
        if id(node.operation) not in operations:
            is_layer = isinstance(node.operation, Layer)
            operations[id(node.operation)] = clone(node.operation) if is_layer else node.operation
        outputs = _replay(node, operations[id(node.operation)], values, call)
        values.update(zip(map(id, node.output_tensors), flatten(outputs), strict=True))
    outputs = map_structure(lambda tensor: values[id(tensor)], graph.outputs)
    copy: Model = type(model)(inputs=inputs, outputs=outputs, name=model.name)
    copy._trainable = model.trainable
    return copy


def _new_inputs(structure: Any, given: Any) -> Any:
    """New Inputs of the same names, or the given tensors in the structure of the old ones."""
    if given is None:
        return map_structure(_new_input, structure)
    tensors = flatten(given)
    if isinstance(structure, dict) != isinstance(given, dict):
        raise ValueError(
            f"clone_model: expected input_tensors in the structure of the model's inputs, {structure!r}. "
            f"Received: {given!r}"
        )
    if len(tensors) != len(flatten(structure)) or not all(isinstance(t, KerasTensor) for t in tensors):
        raise ValueError(f"clone_model: expected {len(flatten(structure))} symbolic input_tensors. Received: {given!r}")
    remaining = iter(tensors)
    return map_structure(lambda _: next(remaining), structure)


def _new_input(tensor: KerasTensor) -> KerasTensor:
    name = tensor._keras_history[0].name if isinstance(tensor._keras_history[0], InputLayer) else None
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def _replay(node: Node, operation: Any, values: dict[int, Any], call: CallFunction) -> Any:
    def value(leaf: Any) -> Any:
        return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    args, kwargs = map_structure(value, node.args), map_structure(value, node.kwargs)
    return call(operation, *args, **kwargs) if isinstance(operation, Layer) else operation(*args, **kwargs)
