"""Nested lists, tuples and dicts of values, under the names of `keras.tree`; dicts keep the order of their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Path = tuple[Any, ...]
_NESTED = (dict, list, tuple)


def is_nested(structure: Any) -> bool:
    """Whether it is a dict, list or tuple."""
    return isinstance(structure, _NESTED)


def flatten_with_path(structure: Any) -> list[tuple[Path, Any]]:
    """The leaves with their places: keys of dicts and numbers in lists."""
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, value in _items(structure) for path, leaf in flatten_with_path(value)]


def flatten(structure: Any) -> list[Any]:
    """The leaves in order."""
    return [leaf for _, leaf in flatten_with_path(structure)]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The same structure with `func(leaf, ...)` of the leaves of all structures at each place.

    Args:
        none_is_leaf: False: None stays as it is.

    Raises:
        ValueError: when the structures differ.
    """
    if not structures:
        raise ValueError("map_structure: expected at least one structure")
    first = structures[0]
    for other in structures[1:]:
        assert_same_structure(first, other)

    def apply(*leaves: Any) -> Any:
        return None if leaves[0] is None and not none_is_leaf else func(*leaves)

    return map_structure_up_to(first, apply, *structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """As `map_structure`, only as deep as `shallow_structure`: what lies deeper counts as a leaf."""
    if not is_nested(shallow_structure):
        return func(*structures)
    children = [
        map_structure_up_to(value, func, *(structure[key] for structure in structures))
        for key, value in _items(shallow_structure)
    ]
    return _like(shallow_structure, children)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`map_structure` that takes tuples and lists of lengths (integers and None) for leaves."""
    if isinstance(structure, (list, tuple)) and all(n is None or isinstance(n, int) for n in structure):
        return func(tuple(structure))
    return _like(structure, [map_shape_structure(func, value) for _, value in _items(structure)])


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The leaves of `flat_sequence` in the form of `structure`.

    Raises:
        ValueError: when their number is not that of its leaves.
    """
    leaves = list(flat_sequence)
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"pack_sequence_as: expected {count} leaves. Received: {len(leaves)}")
    remaining = iter(leaves)
    return map_structure(lambda _: next(remaining), structure)


def lists_to_tuples(structure: Any) -> Any:
    """The same structure with tuples in place of lists."""
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


MAP_TO_NONE = object()
"""What a function given to `traverse` returns to put None in a place."""


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Put `func(part)` in the place of every part of a structure, nested ones too; None from `func` means: look inside.

    Args:
        top_down: outer parts first; what they become is not looked into. False: inner parts first.
    """
    if top_down:
        found = func(structure)
        if found is not None:
            return None if found is MAP_TO_NONE else found
    if is_nested(structure):
        structure = _like(structure, [traverse(func, value, top_down) for _, value in _items(structure)])
    if top_down:
        return structure
    found = func(structure)
    return structure if found is None else None if found is MAP_TO_NONE else found


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raise ValueError unless both have the same form.

    Args:
        check_types: accepted for Keras's sake.
    """
    if is_nested(a) != is_nested(b) or (is_nested(a) and type(a) is not type(b)):
        raise ValueError(f"The structures differ: {type(a).__name__} and {type(b).__name__}. Received: {a!r} and {b!r}")
    if not is_nested(a):
        return
    first, second = dict(_items(a)), dict(_items(b))
    if set(first) != set(second):
        raise ValueError(f"The structures differ: {list(first)} and {list(second)}")
    for key, value in first.items():
        assert_same_structure(value, second[key])


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError unless both have leaves at the same places."""
    first, second = ({path for path, _ in flatten_with_path(structure)} for structure in (a, b))
    if first != second:
        raise ValueError(f"The structures have leaves at different places: {sorted(map(str, first ^ second))}")


def _items(structure: Any) -> list[tuple[Any, Any]]:
    return list(structure.items()) if isinstance(structure, dict) else list(enumerate(structure))


def _like(structure: Any, children: list[Any]) -> Any:
    if isinstance(structure, dict):
        return type(structure)(zip(structure, children, strict=True))
    return type(structure)(*children) if hasattr(structure, "_fields") else type(structure)(children)
