"""The base of callbacks that watch one value of the logs get better."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from .callback import Callback, Logs

_RISING = re.compile(r"(^|_)(acc|accuracy|auc|precision|recall|iou|f1|score|similarity|r2)(_|$)|accuracy$")
_FALLING = re.compile(r"(^|_)(loss|error|mse|mae|mape|msle|rmse|crossentropy|divergence|hinge|kld|logcosh)(_|$)|loss$")


class MonitorCallback(Callback):
    """Watches `logs[monitor]`.

    Args:
        monitor: a name in the logs.
        mode: "min", "max" or "auto": by the metric's own direction, else by its name.
        baseline: a first best value.
        min_delta: changes up to this size do not count.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode must be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`; anything is better than None."""
        if reference is None:
            return True
        if self._rises():
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def monitored(self, logs: Logs) -> float | None:
        """The watched value; None, with a warning, if the logs do not have it."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__}: {self.monitor!r} is not among the logs: {', '.join(logs or ())}", stacklevel=3
            )
            return None
        return float(value)

    def _rises(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", None) or ():
            direction = getattr(metric, "_direction", None)
            if direction and (metric.name == name or name.endswith(f"_{metric.name}")):
                return bool(direction == "up")
        if _FALLING.search(name):
            return False
        if _RISING.search(name):
            return True
        raise ValueError(
            f"{type(self).__name__}: is a high or a low {self.monitor!r} better? Pass mode='max' or mode='min'."
        )

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.best = state["best"]
