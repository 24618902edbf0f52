"""Initializers without randomness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from .initializer import Initializer, dtype_of, full


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        return full(shape, 0, dtype)


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        return full(shape, 1, dtype)


class Constant(Initializer):
    """One value everywhere, or an array that broadcasts to the shape.

    Args:
        value: a number or an array.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        value = np.asarray(self.value)
        try:
            return full(shape, value, dtype)
        except ValueError:
            raise ValueError(
                f"Constant: expected a value that broadcasts to {tuple(shape)}. Received: shape {value.shape}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(deserialize_keras_object(config.get("value", 0.0)))


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Args:
        gain: the value on the diagonal.

    Raises:
        ValueError: when called for a shape that is not that of a matrix.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected the shape of a matrix. Received: shape={tuple(shape)}")
        values: Array = np.eye(*shape, dtype=dtype_of(dtype))
        values *= self.gain
        return values

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
