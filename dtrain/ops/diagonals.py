"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .reduction import sum as reduce_sum
from .rows import require_whole_rows
from .shaping import moveaxis, normalize_axis


class Diagonal(Op):
    """y[..., k] = x[..., k, k + offset]   (a diagonal below the main one for a negative offset)"""

    @staticmethod
    def spec(x: Spec, *, offset: int) -> Spec:
        require_whole_rows("diagonal", x, (x.ndim - 2, x.ndim - 1))
        length = len(np.diagonal(np.empty(x.shape[-2:], np.bool_), offset))
        batch = x.batch if x.batch is not None and x.batch < x.ndim - 2 else None
        return Spec((*x.shape[:-2], length), x.dtype, batch, x.total)

    @staticmethod
    def forward(x: Array, y: Array, *, offset: int) -> None:
        np.copyto(y, np.diagonal(x, offset, -2, -1))

    @staticmethod
    def dx(dy: Array, dx: Array, *, offset: int) -> None:
        dx.fill(0)
        k = np.arange(dy.shape[-1])
        dx[..., k + max(-offset, 0), k + max(offset, 0)] = dy


class Diagflat(Op):
    """y[..., k, k + offset] = x[..., k], 0 elsewhere."""

    @staticmethod
    def spec(x: Spec, *, offset: int) -> Spec:
        require_whole_rows("diag", x, (x.ndim - 1,))
        n = x.shape[-1] + abs(offset)
        batch = x.batch if x.batch != x.ndim - 1 else None
        return Spec((*x.shape[:-1], n, n), x.dtype, batch, x.total)

    @staticmethod
    def forward(x: Array, y: Array, *, offset: int) -> None:
        Diagonal.dx(x, y, offset=offset)

    @staticmethod
    def dx(dy: Array, dx: Array, *, offset: int) -> None:
        Diagonal.forward(dy, dx, offset=offset)


class Triangle(Op):
    """y = x on one side of diagonal number k (and on it), 0 on the other."""

    @staticmethod
    def spec(x: Spec, *, k: int, lower: bool) -> Spec:
        require_whole_rows("tril and triu", x, (x.ndim - 2, x.ndim - 1))
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, k: int, lower: bool) -> None:
        mask = np.tri(x.shape[-2], x.shape[-1], k if lower else k - 1, dtype=np.bool_)
        np.copyto(y, x)
        np.copyto(y, 0, where=~mask if lower else mask)

    @staticmethod
    def dx(dy: Array, dx: Array, *, k: int, lower: bool) -> None:
        Triangle.forward(dy, dx, k=k, lower=lower)


@symbolic
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements `x[..., k, k + offset]` of two axes, along a new last axis."""
    tensor = as_tensor(x)
    axes = [normalize_axis("diagonal", a, tensor.ndim) for a in (axis1, axis2)]
    return apply(Diagonal, moveaxis(tensor, axes, (-2, -1)), offset=offset)  # type: ignore[no-any-return]


@symbolic
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal."""
    return reduce_sum(diagonal(x, offset, axis1, axis2), -1)


@symbolic
def diag(x: Any, k: int = 0) -> Tensor:
    """The diagonal number k of a matrix, or a matrix with this diagonal."""
    tensor = as_tensor(x)
    return apply(Diagflat, tensor, offset=k) if tensor.ndim == 1 else diagonal(tensor, k)


@symbolic
def tril(x: Any, k: int = 0) -> Tensor:
    """x on and below diagonal number k, else 0."""
    return apply(Triangle, as_tensor(x), k=k, lower=True)  # type: ignore[no-any-return]


@symbolic
def triu(x: Any, k: int = 0) -> Tensor:
    """x on and above diagonal number k, else 0."""
    return apply(Triangle, as_tensor(x), k=k, lower=False)  # type: ignore[no-any-return]
