"""Penalties added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import name_table, resolve

from .norms import L1, L1L2, L2, OrthogonalRegularizer
from .regularizer import Regularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

_KNOWN = name_table(L1, L2, L1L2, OrthogonalRegularizer, l1_l2=L1L2)


def get(identifier: Any) -> Any:
    """The regularizer meant by a name, a configuration, a class or a callable; None for None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return resolve(identifier, _KNOWN, "regularizer")


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer."""
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that a configuration describes."""
    return deserialize_keras_object(config, custom_objects, module_objects=_KNOWN)
