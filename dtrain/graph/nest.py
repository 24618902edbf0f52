"""Nested lists, tuples and dicts of leaves: flatten, map, pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """The leaves in order; a dict's in the order of its keys' insertion. A leaf alone gives a list of one."""
    if not isinstance(structure, (dict, list, tuple)):
        return [structure]
    values = structure.values() if isinstance(structure, dict) else structure
    return [leaf for value in values for leaf in flatten(value)]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with `function(leaf)` in place of every leaf."""
    if not isinstance(structure, (dict, list, tuple)):
        return function(structure)
    if isinstance(structure, dict):
        return type(structure)((key, map_structure(function, value)) for key, value in structure.items())
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(map_structure(function, value) for value in structure))
    return type(structure)(map_structure(function, value) for value in structure)


def pack_as(structure: Any, leaves: Iterable[Any]) -> Any:
    """`leaves` in the form of `structure`."""
    iterator: Iterator[Any] = iter(leaves)
    return map_structure(lambda _: next(iterator), structure)
