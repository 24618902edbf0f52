"""Inputs one after the other along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_merge import BaseMerge


class Concatenate(BaseMerge):
    """Inputs of equal lengths on all axes but `axis`, joined along it."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """The joined inputs.

        Raises:
            ValueError: when lengths differ on another axis; all shapes are shown.
        """
        inputs = self._checked(inputs)
        rank = len(inputs[0].shape)
        axis = self.axis % rank
        shapes = [tuple(int(n) for k, n in enumerate(x.shape) if k != axis) for x in inputs]
        if any(len(x.shape) != rank for x in inputs) or len(set(shapes)) > 1:
            found = ", ".join(str((None, *x.shape[1:])) for x in inputs)
            raise ValueError(
                f"Concatenate {self.name!r}: all lengths but that of axis {self.axis} must be equal. Received: {found}"
            )
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks joined (along time), or the steps that count in all inputs (along any later axis)."""
        if not isinstance(previous_mask, (list, tuple)) or all(m is None for m in previous_mask):
            return None
        axis = self.axis % len(inputs[0].shape)
        masks = [
            ops.ones(tuple(x.shape[:2]), dtype="bool") if m is None else m
            for x, m in zip(inputs, previous_mask, strict=True)
        ]
        if axis == 1:
            return ops.concatenate(masks, axis=1)
        mask = masks[0]
        for other in masks[1:]:
            mask = ops.logical_and(mask, other)
        return mask

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis")}


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The inputs joined along `axis`. Arguments as in `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
