"""Bring what the user passes to a model into the order and shape of its declared inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.graph import Tensor
from dtrain.graph.nest import flatten, ordered_keys
from dtrain.graph.symbolic import KerasTensor


def match_inputs(
    model: str, structure: Any, declared: Sequence[KerasTensor], given: Any, every_length: bool = True
) -> list[Any]:
    """The given values in the order of the declared inputs.

    A dict is matched by name (an entry that the model does not use is ignored), a list or tuple by position.
    `every_length`: False: of the lengths only the last must be the declared one.

    Raises:
        ValueError: naming the model, what is missing, and the shapes.
    """
    names = _names(structure, declared)
    values = _in_order(model, structure, names, given)
    if len(values) != len(declared):
        raise ValueError(f"{model}: expected {len(declared)} input(s) {names}. Received: {len(values)}")
    pairs = zip(names, declared, values, strict=True)
    return [_fit(model, name, tensor, value, every_length) for name, tensor, value in pairs]


def _in_order(model: str, structure: Any, names: list[str], given: Any) -> list[Any]:
    if not isinstance(given, dict):
        if isinstance(structure, dict) and list(structure) != ordered_keys(structure):
            raise ValueError(
                f"{model}: the inputs {list(structure)} were declared in a dict, whose order says nothing. Expected a "
                f"dict. Received: {type(given).__name__}"
            )
        return flatten(given)
    if isinstance(structure, dict):
        keys = ordered_keys(structure)
        _require(model, keys, given)
        parts = [(structure[key], given[key]) for key in keys]
        return [
            value
            for declared, part in parts
            for value in (_in_order(model, declared, names, part) if isinstance(declared, dict) else flatten(part))
        ]
    _require(model, names, given)
    return [given[name] for name in names]


def _require(model: str, names: Sequence[str], given: dict[str, Any]) -> None:
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(f"{model}: no value for the input(s) {missing}. Received values for: {sorted(given)}")


def _names(structure: Any, declared: Sequence[KerasTensor]) -> list[str]:
    if isinstance(structure, dict) and not any(isinstance(part, (dict, list, tuple)) for part in structure.values()):
        return ordered_keys(structure)
    return [tensor._keras_history[0].name if tensor._keras_history else tensor.name for tensor in declared]


def _fit(model: str, name: str, declared: KerasTensor, value: Any, every_length: bool) -> Any:
    """Check the shape; add or drop a last axis of length 1, and make numbers of the declared kind."""
    maker = declared._keras_history[0] if declared._keras_history else None
    if value is None and not getattr(maker, "optional", True):
        raise ValueError(f"{model}: the input {name!r} is not optional. Received: None")
    if isinstance(value, KerasTensor) or not isinstance(value, Tensor):
        return value
    from dtrain import ops

    expected, shape = declared.shape, value.spec.global_shape
    if len(shape) == len(expected) + 1 and shape[-1] == 1 and len(expected) > 1:
        value = ops.squeeze(value, axis=-1)
    elif len(shape) == len(expected) - 1 and expected[-1] == 1:
        value = ops.expand_dims(value, axis=-1)
    shape = value.spec.global_shape
    checked = slice(1 if every_length else max(1, len(expected) - 1), None)
    fits = len(shape) == len(expected) and all(
        e is None or e == n for e, n in zip(expected[checked], shape[checked], strict=True)
    )
    if not fits:
        raise ValueError(f"{model}: the input {name!r} expects shape {expected}. Received: shape {tuple(shape)}")
    kind = declared.dtype
    if value.dtype != kind and (kind.startswith("float") or value.dtype.startswith("float")):
        mask = value._keras_mask
        value = ops.cast(value, kind)
        value._keras_mask = mask
    return value
