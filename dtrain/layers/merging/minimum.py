"""Smallest of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold_unmasked


class Minimum(BaseMerge):
    """`y = min(x1, x2, ...)`, of the values that masks let pass."""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The smallest."""
        return fold_unmasked(ops.minimum, inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = min(x1, x2, ...)`. Arguments as in `Minimum`."""
    return Minimum(**kwargs)(inputs)
