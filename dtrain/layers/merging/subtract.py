"""Difference of two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge


class Subtract(BaseMerge):
    """`y = x1 - x2`"""

    minimum = 2
    maximum = 2

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The difference."""
        return ops.subtract(inputs[0], inputs[1])


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = x1 - x2`. Arguments as in `Subtract`."""
    return Subtract(**kwargs)(inputs)
