"""The base of all initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from dtrain.config import floatx
from dtrain.graph import Array
from dtrain.utils.arguments import known_arguments


class Initializer:
    """Makes the first values of a variable: `initializer(shape, dtype=None)` returns an array.

    Subclasses write `__call__` and, to be saved, `get_config`.
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method `__call__(shape, dtype=None)`: write one")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The initializer that `get_config` describes."""
        return cls(**known_arguments(cls, config))

    def clone(self) -> Self:
        """Another initializer with the same configuration."""
        return type(self).from_config(self.get_config())


def dtype_of(dtype: DTypeLike | None) -> np.dtype[Any]:
    """`dtype`, or the library's default float."""
    return np.dtype(floatx() if dtype is None else dtype)


def full(shape: Sequence[int], value: Any, dtype: DTypeLike | None) -> Array:
    """An array of one value."""
    return np.full(tuple(shape), value, dtype_of(dtype))
