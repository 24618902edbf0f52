"""Largest of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold_unmasked


class Maximum(BaseMerge):
    """`y = max(x1, x2, ...)`, of the values that masks let pass."""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The largest."""
        return fold_unmasked(ops.maximum, inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = max(x1, x2, ...)`. Arguments as in `Maximum`."""
    return Maximum(**kwargs)(inputs)
