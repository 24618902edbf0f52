"""The base of all learning-rate schedules."""

from __future__ import annotations

from typing import Any, Self

from dtrain.utils.arguments import known_arguments


class LearningRateSchedule:
    """A learning rate that depends on the number of steps taken.

    Subclasses write `__call__(step)` and, to be saved, `get_config`. `step` is an integer (0 at the first step).
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method `__call__(step)`: write one")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        raise NotImplementedError(f"{type(self).__name__} has no method `get_config()`: write one to save it")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The schedule that `get_config` describes."""
        return cls(**known_arguments(cls, config))


def check_steps(owner: str, **steps: float) -> None:
    """Refuse a number of steps that is not positive."""
    for name, value in steps.items():
        if value <= 0:
            raise ValueError(f"{owner}: {name} must be > 0. Received: {name}={value!r}")
