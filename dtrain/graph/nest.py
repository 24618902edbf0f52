"""Nested lists, tuples and dicts of leaves: flatten, map, pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """The leaves in order; a dict's in the order of its sorted keys, as in Keras. A leaf alone gives a list of one."""
    if not isinstance(structure, (dict, list, tuple)):
        return [structure]
    values = [structure[key] for key in ordered_keys(structure)] if isinstance(structure, dict) else structure
    return [leaf for value in values for leaf in flatten(value)]


def ordered_keys(structure: dict[Any, Any]) -> list[Any]:
    """The keys of a dict, sorted; as they were inserted if they cannot be compared."""
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with `function(leaf)` in place of every leaf; called in the order of `flatten`."""
    if not isinstance(structure, (dict, list, tuple)):
        return function(structure)
    if isinstance(structure, dict):
        mapped = {key: map_structure(function, structure[key]) for key in ordered_keys(structure)}
        return type(structure)((key, mapped[key]) for key in structure)
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(map_structure(function, value) for value in structure))
    return type(structure)(map_structure(function, value) for value in structure)


def pack_as(structure: Any, leaves: Iterable[Any]) -> Any:
    """`leaves` in the form of `structure`."""
    iterator: Iterator[Any] = iter(leaves)
    return map_structure(lambda _: next(iterator), structure)
