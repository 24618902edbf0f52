"""Learning rates that depend on the number of steps taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import name_table

from .cosine import CosineDecay, CosineDecayRestarts
from .decay import ExponentialDecay, InverseTimeDecay, PolynomialDecay
from .piecewise import PiecewiseConstantDecay
from .schedule import LearningRateSchedule
from .warm_up import WarmUp

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "WarmUp",
    "deserialize",
    "serialize",
]

_KNOWN = name_table(
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    WarmUp,
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule that a configuration describes."""
    return deserialize_keras_object(config, custom_objects, module_objects=_KNOWN)
