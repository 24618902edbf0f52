"""Largest of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold


class Maximum(BaseMerge):
    """`y = max(x1, x2, ...)`"""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The largest."""
        return fold(ops.maximum, inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = max(x1, x2, ...)`. Arguments as in `Maximum`."""
    return Maximum(**kwargs)(inputs)
