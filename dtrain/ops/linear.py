"""Matrix products. N rows, I contracted length, O columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, broadcast_specs, promote
from dtrain.graph.symbolic import symbolic

from .broadcasting import reduce_to
from .collective import AllSum
from .gathering import all_rows
from .rows import require_whole_rows
from .shaping import expand_dims, squeeze


def _rows(x: Array) -> Array:
    """x as a matrix whose rows lie along its last axis."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class Matmul(Op):
    """y = x @ w, where w is a matrix: one product of all rows of x.   x (..., I)   w (I, O)   y (..., O)"""

    @staticmethod
    def spec(x: Spec, w: Spec) -> Spec:
        return Spec((*x.shape[:-1], w.shape[1]), promote(x.dtype, w.dtype), x.batch, x.total)

    @staticmethod
    def forward(x: Array, w: Array, y: Array) -> None:
        np.matmul(_rows(x), w, out=_rows(y))

    @staticmethod
    def dw(dy: Array, x: Array, dw: Array) -> None:
        np.matmul(_rows(x).T, _rows(dy), out=dw)

    @staticmethod
    def dx(dy: Array, w: Array, dx: Array) -> None:
        np.matmul(_rows(dy), w.T, out=_rows(dx))


class StackedMatmul(Op):
    """y = x1 @ x2 for stacks of matrices that broadcast.   x1 (..., N, I)   x2 (..., I, O)   y (..., N, O)

    Where rows of the batch are contracted, y is this process's part of the sum.
    """

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        y = Spec(*_stacked(x1, x2))
        wide = [(*y.shape[:-2], *x.shape[-2:]) for x in (x1, x2)]
        scratch = [Spec(() if shape == x.shape else shape, y.dtype) for shape, x in zip(wide, (x1, x2), strict=True)]
        return {"y": y, "scratch1": scratch[0], "scratch2": scratch[1]}

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.matmul(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x2: Array, scratch1: Array, dx1: Array) -> None:
        target = scratch1 if scratch1.ndim else dx1
        reduce_to(np.matmul(dy, x2.swapaxes(-1, -2), out=target), dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, scratch2: Array, dx2: Array) -> None:
        target = scratch2 if scratch2.ndim else dx2
        reduce_to(np.matmul(x1.swapaxes(-1, -2), dy, out=target), dx2)


def _stacked(x1: Spec, x2: Spec) -> tuple[tuple[int, ...], np.dtype[Any], int | None, int]:
    """Shape, dtype, batch axis and global length of a product of stacks."""
    stacks = [Spec(x.shape[:-2], x.dtype, *_leading(x)) for x in (x1, x2)]
    shape, batch, total = broadcast_specs("matmul", *stacks, tail=2)
    n = len(shape)
    rows = x1.batch == x1.ndim - 2
    columns = x2.batch == x2.ndim - 1
    contracted = x1.batch == x1.ndim - 1, x2.batch == x2.ndim - 2
    kinds = [batch is not None, rows, columns, any(contracted)]
    apart = any(contracted) and (not all(contracted) or x1.parts != x2.parts)
    if sum(kinds) > 1 or apart:
        for x in (x1, x2):
            require_whole_rows("matmul", x, range(x.ndim))
    if rows and not columns and batch is None:
        batch, total = n, x1.total
    elif columns and not rows and batch is None:
        batch, total = n + 1, x2.total
    return (*shape, x1.shape[-2], x2.shape[-1]), promote(x1.dtype, x2.dtype), batch, total


def _leading(x: Spec) -> tuple[int | None, int]:
    return (x.batch, x.total) if x.batch is not None and x.batch < x.ndim - 2 else (None, 0)


def _one_divided(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The operands of a product, one of them with all rows if both have rows that the product does not bring together.

    The rows of the other one are those of the product.
    """
    if a.spec.divided and b.spec.divided:
        if a.spec.batch == a.ndim - 2:
            return a, all_rows(b)
        if b.spec.batch == b.ndim - 1:
            return all_rows(a), b
    return a, b


@symbolic
def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product `x1 @ x2`: of matrices, of stacks of them (which broadcast), of vectors.

    In products of rows of the batch with each other, as in `x @ transpose(x)`, each process computes those of its own
    rows with all rows, which are gathered on all processes.

    Raises:
        ValueError: if an operand is a number, or the last length of x1 is not the last but one of x2.
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if not a.ndim or not b.ndim or a.spec.global_shape[-1] != b.spec.global_shape[max(b.ndim - 2, 0)]:
        raise ValueError(
            "matmul: expected x1 of shape (..., n, k) and x2 of shape (..., k, m). "
            f"Received: x1.shape={a.spec.global_shape}, x2.shape={b.spec.global_shape}"
        )
    if a.ndim == 1:
        return squeeze(matmul(expand_dims(a, 0), b), -1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        return squeeze(matmul(a, expand_dims(b, 1)), -1)
    a, b = _one_divided(a, b)
    if b.ndim == 2 and b.spec.batch is None and a.spec.batch != a.ndim - 1:
        return apply(Matmul, a, b)  # type: ignore[no-any-return]
    y = apply(StackedMatmul, a, b)
    contracted = a.spec.batch == a.ndim - 1 and b.spec.batch == b.ndim - 2
    return apply(AllSum, y) if contracted else y  # type: ignore[no-any-return]
