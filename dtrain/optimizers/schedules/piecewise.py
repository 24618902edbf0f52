"""A schedule of constant rates between given steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from .schedule import LearningRateSchedule


class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[k]` while `boundaries[k-1] < step <= boundaries[k]`.

    Args:
        boundaries: rising numbers of steps.
        values: rates, one more than boundaries.
        name: kept in the configuration.
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: expected one value more than boundaries. "
                f"Received: {len(boundaries)} boundaries and {len(values)} values"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"PiecewiseConstantDecay: expected boundaries in rising order. Received: {boundaries}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: Any) -> float:
        return float(self.values[bisect_left(self.boundaries, float(step))])

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
