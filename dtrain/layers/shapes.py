"""Shapes as layers see them: None for the batch axis, structures of shapes for structures of tensors."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

from dtrain.graph import Tensor, current_trace


def is_shape(value: Any) -> bool:
    """Whether a list or tuple is one shape and not a structure of shapes."""
    return isinstance(value, (list, tuple)) and all(n is None or isinstance(n, Integral) for n in value)


def map_shapes(function: Callable[[Any], Any], structure: Any) -> Any:
    """`function(shape)` in place of every shape of a structure; None stays.

    Raises:
        ValueError: for what is neither a shape nor a list, tuple or dict of shapes.
    """
    if structure is None:
        return None
    if is_shape(structure):
        return function(structure)
    if isinstance(structure, dict):
        return {key: map_shapes(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_shapes(function, value) for value in structure)
    raise ValueError(f"Expected a shape: a tuple of integers and None. Received: {structure!r}")


def shape_of(value: Any) -> Any:
    """The shape of a tensor with None on the batch axis; of a structure, the structure of shapes."""
    if isinstance(value, Tensor):
        traced = current_trace() is not None
        return tuple(None if axis == value.spec.batch and traced else int(n) for axis, n in enumerate(value.spec.shape))
    if isinstance(value, dict):
        return {k: shape_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and value:
        shapes = [shape_of(v) for v in value]
        return shapes if all(s is not None for s in shapes) else None
    return None


def declared_input_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The shape (batch included) that a first layer was given as an argument instead of by an `Input`.

    Removes those arguments from `kwargs`.
    """
    shape: tuple[int | None, ...] | None = None
    if "batch_input_shape" in kwargs:
        shape = tuple(kwargs.pop("batch_input_shape"))
    elif "input_shape" in kwargs:
        given = kwargs.pop("input_shape")
        shape = (None, *((given,) if isinstance(given, int) else given))
    elif "input_dim" in kwargs:
        length = (kwargs.pop("input_length"),) if "input_length" in kwargs else ()
        shape = (None, *length, kwargs.pop("input_dim"))
    if "batch_size" in kwargs and shape is not None:
        shape = (kwargs.pop("batch_size"), *shape[1:])
    return shape
