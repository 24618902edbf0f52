"""What the layers that combine several inputs element by element have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..layer import Layer


class BaseMerge(Layer):
    """Combines a list of inputs that broadcast together.

    Inputs of fewer axes get axes of length 1 after the batch's.
    """

    minimum = 1
    maximum: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def merge(self, inputs: Sequence[Any]) -> Any:
        """The combination of inputs of equal rank."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """The combination of the inputs."""
        return self.merge(self._same_rank(self._checked(inputs)))

    def _checked(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < self.minimum:
            raise ValueError(f"{type(self).__name__}: expected a list of at least {self.minimum} inputs. Got: {inputs}")
        if self.maximum is not None and len(inputs) > self.maximum:
            raise ValueError(f"{type(self).__name__}: expected {self.maximum} inputs. Received: {len(inputs)}")
        return list(inputs)

    @staticmethod
    def _same_rank(inputs: list[Any]) -> list[Any]:
        rank = max(len(x.shape) for x in inputs)
        for position, x in enumerate(inputs):
            for _ in range(rank - len(x.shape)):
                x = ops.expand_dims(x, axis=1)
            inputs[position] = x
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts if it counts in any input; without a mask for every input there is none.

        Raises:
            ValueError: when `inputs` and `mask` are not lists of equal length.
        """
        masks = self._checked_masks(inputs, mask)
        return None if any(m is None for m in masks) else fold(ops.logical_or, masks)

    def _checked_masks(self, inputs: Any, mask: Any) -> list[Any]:
        """One mask or None for each input; [None] without any."""
        if mask is None:
            return [None]
        for name, value in (("inputs", inputs), ("mask", mask)):
            if not isinstance(value, (list, tuple)):
                raise ValueError(f"{type(self).__name__}: {name} must be a list. Received: {name}={value!r}")
        if len(mask) != len(inputs):
            raise ValueError(
                f"{type(self).__name__}: expected one mask or None for each of {len(inputs)} inputs. "
                f"Received: {len(mask)} masks"
            )
        return list(mask)


def fold(function: Any, inputs: Sequence[Any]) -> Any:
    """`function(function(inputs[0], inputs[1]), inputs[2])`, ..."""
    result = inputs[0]
    for x in inputs[1:]:
        result = function(result, x)
    return result


def masks_of_values(inputs: Sequence[Any]) -> list[Any]:
    """The masks of inputs with axes of length 1 added, so that they broadcast to their inputs; None where none is."""
    return [_to_rank(getattr(x, "_keras_mask", None), len(x.shape)) for x in inputs]


def _to_rank(mask: Any, rank: int) -> Any:
    if mask is None:
        return None
    return ops.reshape(ops.cast(mask, "bool"), (*mask.shape, *[1] * (rank - len(mask.shape))))


def fold_unmasked(function: Any, inputs: Sequence[Any]) -> Any:
    """`fold` in which a masked value gives way to that of the other inputs, for functions without a neutral element."""
    masks = masks_of_values(inputs)
    result, valid = inputs[0], masks[0]
    for x, mask in zip(inputs[1:], masks[1:], strict=True):
        other = x if mask is None else ops.where(mask, x, result)
        result = function(result if valid is None else ops.where(valid, result, other), other)
        valid = None if valid is None or mask is None else ops.logical_or(valid, mask)
    return result
