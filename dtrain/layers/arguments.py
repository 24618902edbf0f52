"""Checks of layer arguments, and their plain form for `get_config`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def positive_int(layer: str, name: str, value: Any) -> int:
    """`value` as a positive integer, or ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{layer}: {name} must be a positive integer. Received: {name}={value!r}")
    return int(value)


def int_tuple(layer: str, name: str, value: Any, length: int, minimum: int = 1) -> tuple[int, ...]:
    """`value` (an integer for all, or `length` of them) as a tuple of integers not below `minimum`, or ValueError."""
    values: Sequence[Any] = (value,) * length if isinstance(value, (int, np.integer)) else tuple(value)
    fits = len(values) == length and all(isinstance(v, (int, np.integer)) and v >= minimum for v in values)
    if not fits:
        raise ValueError(
            f"{layer}: {name} must be an integer or {length} integers, each at least {minimum}. "
            f"Received: {name}={value!r}"
        )
    return tuple(int(v) for v in values)


def int_pairs(layer: str, name: str, value: Any, length: int) -> tuple[tuple[int, int], ...]:
    """`value` as `length` pairs: from an integer for all, `length` integers (each for both sides), or pairs."""
    sides = [value] * length if isinstance(value, (int, np.integer)) else list(value)
    pairs = [(s, s) if isinstance(s, (int, np.integer)) else tuple(s) for s in sides]
    fits = len(pairs) == length and all(
        len(pair) == 2 and all(isinstance(v, (int, np.integer)) and v >= 0 for v in pair) for pair in pairs
    )
    if not fits:
        raise ValueError(
            f"{layer}: {name} must be an integer, {length} integers or {length} pairs of integers, none below 0. "
            f"Received: {name}={value!r}"
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def one_or_more_axes(layer: str, axis: Any) -> int | list[int]:
    """`axis` as an integer or a list of integers, or TypeError."""
    if isinstance(axis, (int, np.integer)):
        return int(axis)
    if not isinstance(axis, (list, tuple)) or not all(isinstance(a, (int, np.integer)) for a in axis):
        raise TypeError(f"{layer}: axis must be an integer or a list of integers. Received: axis={axis!r}")
    return [int(a) for a in axis]


def fraction(layer: str, name: str, value: Any) -> float:
    """`value` as a number in [0, 1], or ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
        raise ValueError(f"{layer}: {name} must be a number between 0 and 1. Received: {name}={value!r}")
    return float(value)


def one_of(layer: str, name: str, value: Any, choices: Sequence[str]) -> str:
    """`value` in lower case if it is one of `choices`, or ValueError."""
    if not isinstance(value, str) or value.lower() not in choices:
        raise ValueError(f"{layer}: {name} must be one of {list(choices)}. Received: {name}={value!r}")
    return value.lower()


def plain(value: Any) -> Any:
    """`value` as numbers, strings, lists, tuples and dicts: functions and objects by their configuration."""
    from dtrain import activations
    from dtrain.saving.serialization import serialize_keras_object

    if isinstance(value, (tuple, list)):
        return type(value)(plain(v) for v in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict) or value is None or isinstance(value, (bool, int, float, str)):
        return value
    return (
        activations.serialize(value)
        if callable(value) and hasattr(value, "__name__")
        else serialize_keras_object(value)
    )


def plain_attributes(layer: Any, *names: str) -> dict[str, Any]:
    """`{name: plain value of the layer's attribute of that name}`."""
    return {name: plain(getattr(layer, name)) for name in names}
