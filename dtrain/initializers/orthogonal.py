"""Random orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array
from dtrain.random.seed import SeedGenerator

from .initializer import dtype_of
from .random import RandomInitializer


class Orthogonal(RandomInitializer):
    """`gain` times a random matrix with orthonormal columns (rows, if it has fewer rows than columns).

    A shape of more than two axes is a matrix of `prod(shape[:-1])` rows and `shape[-1]` columns. The matrix is Q of
    the QR decomposition of a normal matrix, with signs that make it uniform among all such matrices (Mezzadri 2007,
    "How to generate random matrices from the classical compact groups"; use: Saxe et al. 2014, section 3).

    Args:
        gain: factor of all values.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: when called for a shape of fewer than two axes.
    """

    def __init__(self, gain: float = 1.0, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected a shape of at least two axes. Received: shape={tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = self._generator().standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        matrix: Array = q if rows >= columns else q.T
        return (self.gain * matrix.reshape(tuple(shape))).astype(dtype_of(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}
