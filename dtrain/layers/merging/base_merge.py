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
        self.built = True

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

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """A step counts if it counts in any input; without a mask for every input there is none."""
        if not isinstance(previous_mask, (list, tuple)) or any(m is None for m in previous_mask):
            return None
        mask = previous_mask[0]
        for other in previous_mask[1:]:
            mask = ops.logical_or(mask, other)
        return mask


def fold(function: Any, inputs: Sequence[Any]) -> Any:
    """`function(function(inputs[0], inputs[1]), inputs[2])`, ..."""
    result = inputs[0]
    for x in inputs[1:]:
        result = function(result, x)
    return result
