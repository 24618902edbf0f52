"""Schedules that fall smoothly from a first rate: exponential, inverse time, polynomial."""

from __future__ import annotations

import math
from typing import Any

from .schedule import LearningRateSchedule, check_steps


class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps in which the rate falls by `decay_rate`.
        decay_rate: factor per `decay_steps`.
        staircase: round the exponent down, so that the rate falls in jumps.
        name: kept in the configuration.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_steps(name, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> float:
        return float(self.initial_learning_rate * self.decay_rate ** _periods(step, self.decay_steps, self.staircase))

    def get_config(self) -> dict[str, Any]:
        return _decay_config(self)


class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`

    Args: as for `ExponentialDecay`; `staircase` rounds `step / decay_steps` down.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        check_steps(name, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> float:
        periods = _periods(step, self.decay_steps, self.staircase)
        return float(self.initial_learning_rate / (1 + self.decay_rate * periods))

    def get_config(self) -> dict[str, Any]:
        return _decay_config(self)


class PolynomialDecay(LearningRateSchedule):
    """`(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power + end_learning_rate`

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the step from which on the rate is `end_learning_rate`.
        end_learning_rate: the last rate.
        power: exponent; 1 for a straight line.
        cycle: past `decay_steps`, stretch the curve to the next multiple of it instead of staying at the last rate.
        name: kept in the configuration.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_steps(name, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> float:
        at, span = float(step), float(self.decay_steps)
        if self.cycle:
            span *= max(1, math.ceil(at / span))
        remaining = 1 - min(at, span) / span
        height = self.initial_learning_rate - self.end_learning_rate
        return float(height * remaining**self.power + self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


def _periods(step: Any, decay_steps: float, staircase: bool) -> float:
    periods = float(step) / decay_steps
    return math.floor(periods) if staircase else periods


def _decay_config(schedule: ExponentialDecay | InverseTimeDecay) -> dict[str, Any]:
    return {
        "initial_learning_rate": schedule.initial_learning_rate,
        "decay_steps": schedule.decay_steps,
        "decay_rate": schedule.decay_rate,
        "staircase": schedule.staircase,
        "name": schedule.name,
    }
