"""Outputs in groups, as in `[a, [b, c]]` or `{"boxes": (corner, size), "class": c}`: what is given for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.graph.nest import flatten, ordered_keys


def has_groups(outputs: Any) -> bool:
    """Whether some of the outputs are in a list, tuple or dict of their own."""
    parts = outputs.values() if isinstance(outputs, dict) else outputs if isinstance(outputs, (list, tuple)) else ()
    return any(isinstance(part, (dict, list, tuple)) for part in parts)


def entries(what: str, given: Any, outputs: Any) -> list[Any]:
    """The entries of a structure, in the order of the leaves of `outputs`; one for a group is for all in it.

    Raises:
        ValueError: when it is not nested as the outputs are.
    """
    if not isinstance(outputs, (dict, list, tuple)):
        return [given]
    if not isinstance(given, (dict, list, tuple)):
        return [given] * len(flatten(outputs))
    if isinstance(outputs, dict):
        keys = ordered_keys(outputs)
        if not isinstance(given, dict) or not set(given) <= set(keys):
            raise ValueError(f"{what}: expected a dict for the outputs {keys}. Received: {given!r}")
        return [entry for key in keys for entry in entries(what, given.get(key), outputs[key])]
    if isinstance(given, dict) or len(given) != len(outputs):
        raise ValueError(f"{what}: expected a list of {len(outputs)} entries, as the outputs have. Received: {given!r}")
    return [entry for one, output in zip(given, outputs, strict=True) for entry in entries(what, one, output)]


def leaf_names(outputs: Any, name_of: Callable[[Any], str], group: str = "") -> list[str]:
    """A name for each output, after its groups: `boxes/corner`; a dict's key, else `name_of(output)`."""
    if isinstance(outputs, dict):
        pairs = [(key, outputs[key], str(key)) for key in ordered_keys(outputs)]
    else:
        pairs = [(k, part, "") for k, part in enumerate(outputs)]
    return [
        name
        for key, part, own in pairs
        for name in (
            leaf_names(part, name_of, f"{group}{key}/")
            if isinstance(part, (dict, list, tuple))
            else [group + (own or name_of(part))]
        )
    ]
