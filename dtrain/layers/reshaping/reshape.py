"""Rows in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import ops

from ..layer import Layer


class Reshape(Layer):
    """(N, ...) to (N, *target_shape); one length of `target_shape` may be -1.

    Raises:
        ValueError: when the numbers of values differ.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape = (target_shape,) if isinstance(target_shape, int) else tuple(int(n) for n in target_shape)
        if sum(n == -1 for n in shape) > 1 or any(n < -1 for n in shape):
            raise ValueError(
                f"Reshape: target_shape must hold lengths, at most one of them -1. Received: target_shape={shape}"
            )
        self.target_shape = shape
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The rows in `target_shape`."""
        row = tuple(int(n) for n in inputs.shape[1:])
        size, known = int(np.prod(row)), int(np.prod([n for n in self.target_shape if n != -1]))
        shape = tuple(size // max(known, 1) if n == -1 else n for n in self.target_shape)
        if int(np.prod(shape)) != size:
            raise ValueError(
                f"Reshape {self.name!r}: target_shape={self.target_shape} must hold as many values as a row of the "
                f"input. Received: rows of shape {row}"
            )
        return ops.reshape(inputs, (inputs.shape[0], *shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), "target_shape": self.target_shape}
