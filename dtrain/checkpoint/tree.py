"""Dictionaries and lists that hold arrays, as JSON text and a list of arrays: the state of callbacks.

Floats keep every bit (JSON carries their shortest exact form; NaN and Infinity as Python writes them), tuples come back
as lists, NumPy scalars as Python numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_ARRAY = "__array__"  # {"__array__": 3} stands for arrays[3]


def dump(tree: object, source: str) -> str:
    """Return a tree without arrays as JSON; `source` names it in errors."""
    text, arrays = dump_with_arrays(tree, source)
    if arrays:
        raise TypeError(f"{source}: expected JSON values. Received an array of shape {arrays[0].shape}")
    return text


def dump_with_arrays(tree: object, source: str) -> tuple[str, list[Array]]:
    """Return (JSON, arrays) of a tree; raises `TypeError` on what neither can hold, with its place in the tree."""
    arrays: list[Array] = []

    def convert(node: object, place: str) -> Json:
        if node is None or isinstance(node, str | bool):
            return node
        if isinstance(node, int | float):
            return int(node) if isinstance(node, int) else float(node)
        if isinstance(node, np.generic):
            return convert(node.item(), place)
        if isinstance(node, np.ndarray):
            arrays.append(node)
            return {_ARRAY: len(arrays) - 1}
        if isinstance(node, list | tuple):
            return [convert(item, f"{place}[{index}]") for index, item in enumerate(node)]
        if isinstance(node, dict) and all(isinstance(key, str) and key != _ARRAY for key in node):
            return {key: convert(item, f"{place}[{key!r}]") for key, item in node.items()}
        raise TypeError(
            f"{place}: expected numbers, text, arrays, None, lists or dictionaries with text as keys. "
            f"Received: {type(node).__name__} {node!r:.60}"
        )

    return json.dumps(convert(tree, source)), arrays


def load(text: str, arrays: Sequence[Array] = ()) -> Any:
    """Undo `dump` and `dump_with_arrays`; raises `ValueError` on anything else."""

    def restore(node: dict[str, Any]) -> Any:
        if _ARRAY not in node:
            return node
        index = node[_ARRAY]
        if not isinstance(index, int) or not 0 <= index < len(arrays):
            raise ValueError(f"array {index!r} of {len(arrays)} is asked for")
        return arrays[index]

    try:
        return json.loads(text, object_hook=restore)
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None
