"""Inputs one after the other along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_merge import BaseMerge, fold


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

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined along their axes; along an axis that they lack, a step counts if it counts in any input.

        All steps of an input without a mask count.

        Raises:
            ValueError: when `inputs` and `mask` are not lists of equal length.
        """
        given = self._checked_masks(inputs, mask)
        rank = max((len(m.shape) for m in given if m is not None), default=0)
        if rank == 0:
            return None
        masks = [
            ops.ones(tuple(x.shape[:rank]), dtype="bool") if m is None else ops.cast(m, "bool")
            for x, m in zip(inputs, given, strict=True)
        ]
        axis = self.axis % len(inputs[0].shape)
        return ops.concatenate(masks, axis=axis) if axis < rank else fold(ops.logical_or, masks)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis")}


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The inputs joined along `axis`. Arguments as in `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
