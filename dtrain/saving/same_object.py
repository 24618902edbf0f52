"""Layers that a file describes twice though they are one: shared by a model and a model inside it."""

from __future__ import annotations

import json
from typing import Any

Config = dict[str, Any]

_KEY = "shared_object_id"
_OF_THE_PLACE = {_KEY, "build_config", "inbound_nodes", "name"}


def mark_same_objects(config: Any) -> Any:
    """Give every description of a shared layer the mark that only some of them have.

    An object is marked when it is described for the second time, and Keras loses the mark of the first description;
    two layers of one class, name and configuration, one of which is marked, are therefore the same.
    """
    entries: dict[str, list[Config]] = {}
    _collect(config, entries)
    for same in entries.values():
        marks = [entry[_KEY] for entry in same if _KEY in entry]
        if marks and len(same) > 1:
            for entry in same:
                entry[_KEY] = marks[0]
    return config


def _collect(value: Any, entries: dict[str, list[Config]]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, entries)
    elif isinstance(value, dict):
        inner = value.get("config")
        if isinstance(inner, dict) and "class_name" in value and "name" in inner and "trainable" in inner:
            entries.setdefault(json.dumps(_essence(value), sort_keys=True), []).append(value)
        for item in value.values():
            _collect(item, entries)


def _essence(value: Any, top: bool = True) -> Any:
    """A description without what belongs to the place where it stands."""
    if isinstance(value, list):
        return [_essence(item, False) for item in value]
    if isinstance(value, dict):
        left_out = _OF_THE_PLACE if top else {_KEY}
        return {key: _essence(item, False) for key, item in value.items() if key not in left_out}
    return value
