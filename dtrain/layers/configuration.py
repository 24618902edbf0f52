"""Layers as plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object


def serialize(layer: Any) -> Any:
    """The configuration of a layer with its class, as plain values; without its variables' values."""
    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer that `serialize` describes, with new variables.

    Raises:
        TypeError, ValueError: for what describes no layer that is known.
    """
    from .layer import Layer

    found = deserialize_keras_object(config, custom_objects)
    if not isinstance(found, Layer):
        raise ValueError(f"layers.deserialize: expected the configuration of a layer. Received: {config!r}")
    return found
