"""Which checkpoints of a run are kept: the last, the best, and one every so many steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rule for old checkpoints: one stays if any of the three says so.

    Args:
        keep_last: that many of the latest steps.
        keep_best: that many with the best metric.
        best: whether the best metric is the smallest (`"min"`) or the largest (`"max"`).
        keep_every: every step that is a multiple of it; None for none.
    """

    keep_last: int = 3
    keep_best: int = 0
    best: Literal["min", "max"] = "min"
    keep_every: int | None = None

    def __post_init__(self) -> None:
        if self.keep_last < 1:
            raise ValueError(f"Rotation: keep_last must be at least 1. Received: keep_last={self.keep_last}")
        if self.keep_best < 0:
            raise ValueError(f"Rotation: keep_best must not be negative. Received: keep_best={self.keep_best}")
        if self.best not in ("min", "max"):
            raise ValueError(f"Rotation: best must be 'min' or 'max'. Received: best={self.best!r}")
        if self.keep_every is not None and self.keep_every < 1:
            raise ValueError(f"Rotation: keep_every must be positive or None. Received: keep_every={self.keep_every}")

    def kept(self, metrics: Mapping[int, float | None]) -> set[int]:
        """Return the steps to keep, of {step: metric}; a metric of None or NaN is never among the best."""
        latest = sorted(metrics)[-self.keep_last :]
        sign = 1 if self.best == "min" else -1
        ranked = sorted((sign * m, -step) for step, m in metrics.items() if m is not None and not math.isnan(m))
        best = {-negative for _, negative in ranked[: self.keep_best]}
        milestones = {step for step in metrics if self.keep_every and step % self.keep_every == 0}
        return {*latest, *best, *milestones}
