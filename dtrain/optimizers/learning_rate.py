"""The learning rate of an optimizer: a number that can be set, a schedule, or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dtrain.graph import Tensor, Variable, as_tensor
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from .schedules.schedule import LearningRateSchedule


class LearningRate:
    """What was given as `learning_rate`.

    Args:
        value: a number >= 0, a `LearningRateSchedule` (called with the number of steps taken), or a function without
            arguments.
        owner: the optimizer's name.

    Raises:
        ValueError: for anything else.
    """

    def __init__(self, value: Any, owner: str) -> None:
        self.owner = owner
        self.variable: Variable | None = None
        self.function: Callable[..., Any] | None = None
        self.assign(value)

    def assign(self, value: Any) -> None:
        """Take another number, schedule or function.

        Raises:
            TypeError: for a number in place of a schedule: the schedule would win at the next step.
        """
        if callable(value):
            self.function, self.variable = value, None
            return
        number = _number(self.owner, value)
        if isinstance(self.function, LearningRateSchedule):
            raise TypeError(
                f"{self.owner}: the learning rate follows {type(self.function).__name__}, so it cannot be set to a "
                "number. Make the optimizer with a number as its learning_rate instead."
            )
        self.function = None
        if self.variable is None:
            self.variable = Variable(number, dtype="float32", trainable=False, name="learning_rate")
            self.variable.path = f"{self.owner}/learning_rate"
        self.variable.array[...] = number

    def value(self, iterations: int) -> float:
        """The rate of the step after `iterations` steps."""
        if self.variable is not None:
            return float(self.variable.array)
        if isinstance(self.function, LearningRateSchedule):
            return float(self.function(iterations))
        return float(self.function()) if self.function is not None else 0.0

    def shown(self, iterations: int) -> Variable | Tensor:
        """The rate as users see it: a variable if it is a number, else the present value."""
        return self.variable if self.variable is not None else as_tensor(np.float32(self.value(iterations)))

    def config(self) -> Any:
        """A number (the shortest one that is the same in float32), or a configuration."""
        if self.variable is not None:
            return float(str(np.float32(self.variable.array)))
        return serialize_keras_object(self.function)


def from_config(config: Any, custom_objects: Any = None) -> Any:
    """The inverse of `LearningRate.config`."""
    return deserialize_keras_object(config, custom_objects) if isinstance(config, dict) else config


def _number(owner: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{owner}: learning_rate must be a number, a LearningRateSchedule or a function. Received: {value!r}"
        ) from None
    if not number >= 0:
        raise ValueError(f"{owner}: learning_rate must be >= 0. Received: learning_rate={value!r}")
    return number
