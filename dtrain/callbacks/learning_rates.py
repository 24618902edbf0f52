"""Callbacks that change the learning rate from epoch to epoch."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from dtrain.utils.messages import print_msg

from .callback import Callback, Logs
from .monitor import MonitorCallback


class LearningRateScheduler(Callback):
    """Sets the learning rate of each epoch to `schedule(epoch, present rate)`; logs it as `learning_rate`.

    Args:
        schedule: a function of the epoch (from 0) and, if it takes two arguments, of the present rate.
        verbose: 1: say so.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        rate = self._rate(epoch)
        if isinstance(rate, bool) or (not isinstance(rate, numbers.Real) and not hasattr(rate, "__float__")):
            raise ValueError(f"LearningRateScheduler: expected the schedule to return a number. Received: {rate!r}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print_msg(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def _rate(self, epoch: int) -> Any:
        try:
            inspect.signature(self.schedule).bind(epoch, 0.0)
        except TypeError:
            return self.schedule(epoch)
        return self.schedule(epoch, float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when the watched value has not got better for `patience` epochs.

    Args:
        monitor: a name in the logs.
        factor: in (0, 1).
        patience: epochs without a better value before the rate is reduced.
        verbose: 1: say so.
        mode: "min", "max" or "auto".
        min_delta: changes up to this size do not count.
        cooldown: epochs after a reduction in which patience does not run.
        min_lr: the smallest rate.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=kwargs.pop("epsilon", min_delta))
        if kwargs:
            raise ValueError(f"ReduceLROnPlateau: unknown arguments {', '.join(sorted(kwargs))}")
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be < 1. Received: factor={factor!r}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether patience does not run yet."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self.monitored(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = float(self.model.optimizer.learning_rate)
        # The rate is kept in float32: the smallest one, set before, may have come back a little larger.
        if rate <= self.min_lr * (1 + 1e-6):
            return
        reduced = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = reduced
        if self.verbose:
            print_msg(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {reduced}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.best, self.wait, self.cooldown_counter = state["best"], state["wait"], state["cooldown_counter"]
