"""Penalties on the size of values, and on rows or columns that are not orthogonal."""

from __future__ import annotations

from typing import Any

import numpy as np

from .regularizer import Regularizer, check_factor


class L1(Regularizer):
    """`l1 * sum(abs(x))`

    Args:
        l1: a number >= 0.
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = check_factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        from dtrain import ops

        return self.l1 * ops.sum(ops.absolute(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """`l2 * sum(x * x)`

    Args:
        l2: a number >= 0.
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = check_factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        from dtrain import ops

        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x * x)`

    Args:
        l1: a number >= 0.
        l2: a number >= 0.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_factor("L1L2", "l1", l1 or 0.0)
        self.l2 = check_factor("L1L2", "l2", l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        from dtrain import ops

        return self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """`factor * mean over pairs of rows of |cosine of the two|` (or columns): 0 when all are orthogonal.

    Args:
        factor: a number >= 0.
        mode: "rows" or "columns".

    Raises:
        ValueError: when called on what is not a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns'. Received: mode={mode!r}")
        self.factor = check_factor("OrthogonalRegularizer", "factor", factor)
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        from dtrain import ops

        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix. Received: shape={tuple(x.shape)}")
        axis = 1 if self.mode == "rows" else 0
        unit = x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))
        products = ops.matmul(unit, ops.transpose(unit)) if axis else ops.matmul(ops.transpose(unit), unit)
        size = int(x.shape[1 - axis])
        others = (1 - np.eye(size)).astype("float32")
        pairs = max(1, size * (size - 1) // 2)
        return self.factor * 0.5 * ops.sum(ops.absolute(products * others)) / pairs

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}
