"""Product of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold


class Multiply(BaseMerge):
    """`y = x1 * x2 * ...`"""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The product."""
        return fold(ops.multiply, inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = x1 * x2 * ...`. Arguments as in `Multiply`."""
    return Multiply(**kwargs)(inputs)
