"""Rules by which gradients change variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import name_table, resolve

from . import schedules
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .nadam import Nadam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .scaling import scale_learning_rate
from .schedule_free_adamw import ScheduleFreeAdamW
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "scale_learning_rate",
    "schedules",
    "serialize",
]

_KNOWN = name_table(
    SGD, RMSprop, Adam, AdamW, Adadelta, Adagrad, Adamax, Adafactor, Nadam, Ftrl, Lamb, Lion, ScheduleFreeAdamW
)
# Files written by Keras on PyTorch, and any spelling: the case of letters is ignored.
_KNOWN.update({name.lower(): cls for name, cls in list(_KNOWN.items())})


def get(identifier: Any) -> Any:
    """The optimizer meant by a name (in any case), a configuration, a class or an object; None for None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return resolve(
        identifier, _KNOWN, "optimizer", accepts=lambda found: isinstance(found, Optimizer), ignore_case=True
    )


def serialize(optimizer: Optimizer) -> Any:
    """The configuration of an optimizer, without its state."""
    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that a configuration describes."""
    return deserialize_keras_object(config, custom_objects, module_objects=_KNOWN)
