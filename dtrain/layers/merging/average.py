"""Mean of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold


class Average(BaseMerge):
    """`y = (x1 + x2 + ... + xk) / k`"""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The mean."""
        return fold(ops.add, inputs) * (1.0 / len(inputs))


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = (x1 + x2 + ... + xk) / k`. Arguments as in `Average`."""
    return Average(**kwargs)(inputs)
