"""Products of rows of two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .base_merge import BaseMerge


class Dot(BaseMerge):
    """For every row, the sum of products of two inputs along one axis of each.

    (N, I, K) and (N, J, K) with `axes=-1` (or 2) become (N, I, J); (N, K) and (N, K) become (N, 1).

    Args:
        axes: the axis of both inputs, or one for each; not the batch's.
        normalize: whether the inputs are first divided by their length along the axis (cosine similarity).
    """

    minimum = 2
    maximum = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes) if isinstance(axes, (list, tuple)) else ()
        if len(pair) != 2 or not all(isinstance(a, int) and a != 0 for a in pair):
            raise ValueError(f"Dot: axes must be an integer or two, not that of the batch (0). Received: axes={axes!r}")
        self.axes = axes if isinstance(axes, int) else list(axes)
        self.normalize = normalize

    def call(self, inputs: Any) -> Any:
        """The products.

        Raises:
            ValueError: when the axes have different lengths.
        """
        tensors = self._checked(inputs)
        ranks = [len(x.shape) for x in tensors]
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        places = [axis % rank for axis, rank in zip(axes, ranks, strict=True)]
        lengths = [int(x.shape[place]) for x, place in zip(tensors, places, strict=True)]
        if lengths[0] != lengths[1]:
            shapes = ", ".join(str((None, *x.shape[1:])) for x in tensors)
            raise ValueError(f"Dot {self.name!r}: axes={self.axes} must have the same length. Received: {shapes}")
        first, second = (self._rows(x, place) for x, place in zip(tensors, places, strict=True))
        y = ops.matmul(first, ops.swapaxes(second, 1, 2))  # (N, I, J)
        kept = [[n for k, n in enumerate(x.shape) if k not in (0, p)] for x, p in zip(tensors, places, strict=True)]
        return ops.reshape(y, (tensors[0].shape[0], *(kept[0] + kept[1] or [1])))

    def _rows(self, x: Any, place: int) -> Any:
        """(N, all other axes, K)"""
        if self.normalize:
            x = ops.normalize(x, axis=place)
        x = ops.moveaxis(x, place, -1)
        size = 1
        for n in x.shape[1:-1]:
            size *= int(n)
        return ops.reshape(x, (x.shape[0], size, x.shape[-1]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the axes are not those of the inputs."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axes", "normalize")}


def dot(inputs: Sequence[Any], axes: Any = -1, **kwargs: Any) -> Any:
    """The products of two inputs along `axes`. Arguments as in `Dot`."""
    return Dot(axes=axes, **kwargs)(inputs)
