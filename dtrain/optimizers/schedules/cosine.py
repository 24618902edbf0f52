"""Schedules that follow a half cosine, once or again and again."""

from __future__ import annotations

import math
from typing import Any

from .schedule import LearningRateSchedule, check_steps


def _half_cosine(fraction: float, alpha: float) -> float:
    """1 at fraction 0, `alpha` at fraction 1."""
    return (1 - alpha) * 0.5 * (1 + math.cos(math.pi * fraction)) + alpha


class CosineDecay(LearningRateSchedule):
    """`initial_learning_rate * ((1 - alpha) * 0.5 * (1 + cos(pi * step / decay_steps)) + alpha)`

    With `warmup_target`, the rate first rises in a straight line from `initial_learning_rate` to it in `warmup_steps`
    steps, and the cosine starts there (Loshchilov and Hutter 2016, "SGDR", equation 5, without restarts).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps of the cosine, after the warm-up.
        alpha: the last rate as a fraction of the cosine's first.
        name: kept in the configuration.
        warmup_target: the rate at the end of the warm-up; None for no warm-up.
        warmup_steps: steps of the warm-up.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check_steps(name, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> float:
        at, top = float(step), float(self.initial_learning_rate)
        if self.warmup_target is not None:
            if at < self.warmup_steps:
                return top + (self.warmup_target - top) * at / self.warmup_steps
            at, top = at - self.warmup_steps, float(self.warmup_target)
        return top * _half_cosine(min(at, self.decay_steps) / self.decay_steps, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after another, each `t_mul` times as long and beginning `m_mul` times as high as the last.

    Loshchilov and Hutter 2016, "SGDR: stochastic gradient descent with warm restarts", equation 5.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: steps of the first period.
        t_mul: factor of the length from period to period.
        m_mul: factor of the first rate from period to period.
        alpha: the last rate of a period as a fraction of `initial_learning_rate`.
        name: kept in the configuration.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_steps(name, first_decay_steps=first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> float:
        periods = float(step) / self.first_decay_steps  # in lengths of the first period
        if self.t_mul == 1.0:
            number = math.floor(periods)
            fraction = periods - number
        else:
            # The small number keeps a step that begins a period from being counted to the one before it.
            number = math.floor(math.log(1 - periods * (1 - self.t_mul)) / math.log(self.t_mul) + 1e-9)
            start = (1 - self.t_mul**number) / (1 - self.t_mul)
            fraction = (periods - start) / self.t_mul**number
        return float(self.initial_learning_rate * self._height(number, fraction))

    def _height(self, number: int, fraction: float) -> float:
        cosine = 0.5 * self.m_mul**number * (1 + math.cos(math.pi * fraction))
        return (1 - self.alpha) * cosine + self.alpha

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
