"""Limits on the values of variables, applied after each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import name_table, resolve

from .constraint import Constraint
from .norms import MaxNorm, MinMaxNorm, NonNeg, UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

_KNOWN = name_table(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)


def get(identifier: Any) -> Any:
    """The constraint meant by a name, a configuration, a class or a callable; None for None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return resolve(identifier, _KNOWN, "constraint")


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that a configuration describes."""
    return deserialize_keras_object(config, custom_objects, module_objects=_KNOWN)
