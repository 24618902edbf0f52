"""Product of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from .base_merge import BaseMerge, fold, masks_of_values


class Multiply(BaseMerge):
    """`y = x1 * x2 * ...`, of the values that masks let pass; 0 where all inputs are masked."""

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The product."""
        masks = masks_of_values(inputs)
        factors = [x if m is None else ops.where(m, x, ops.ones_like(x)) for x, m in zip(inputs, masks, strict=True)]
        product = fold(ops.multiply, factors)
        if any(m is None for m in masks):
            return product
        return ops.where(fold(ops.logical_or, masks), product, ops.zeros_like(product))


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`y = x1 * x2 * ...`. Arguments as in `Multiply`."""
    return Multiply(**kwargs)(inputs)
