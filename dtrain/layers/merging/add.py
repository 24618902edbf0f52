"""Sum of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold


class Add(BaseMerge):
    """`y = x1 + x2 + ...`"""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The sum."""
        return fold(ops.add, inputs)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = x1 + x2 + ...`. Arguments as in `Add`."""
    return Add(**kwargs)(inputs)
