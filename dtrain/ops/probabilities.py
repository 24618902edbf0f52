"""Softmax, its logarithm, and its sparse relative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import softmax as kernels

from .elementwise import float_dtype
from .reduction import normalize_axes, reduced_spec
from .rows import require_whole_rows
from .shaping import moveaxis, normalize_axis, reshape


def _specs(x: Spec, axis: int) -> dict[str, Spec]:
    require_whole_rows("softmax", x, (axis,))
    y = x.with_dtype(float_dtype(x.dtype))
    return {"y": y, "row": reduced_spec(y, (axis,), True)}


class Softmax(Op):
    """y = exp(x) / sum(exp(x)) along `axis`, dx = y * (dy - sum(dy * y))"""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, *, axis: int) -> dict[str, Spec]:
        return _specs(x, axis)

    @staticmethod
    def forward(x: Array, y: Array, row: Array, *, axis: int) -> None:
        kernels.softmax(x, y, row, axis)

    @staticmethod
    def dx(dy: Array, y: Array, row: Array, dx: Array, *, axis: int) -> None:
        kernels.softmax_gradient(dy, y, dx, row, axis)


class LogSoftmax(Op):
    """y = x - log(sum(exp(x))) along `axis`, dx = dy - exp(y) * sum(dy)"""

    @staticmethod
    def spec(x: Spec, *, axis: int) -> dict[str, Spec]:
        specs = _specs(x, axis)
        return {**specs, "exponentials": specs["y"]}

    @staticmethod
    def forward(x: Array, y: Array, row: Array, exponentials: Array, *, axis: int) -> None:
        kernels.log_softmax(x, y, row, exponentials, axis)

    @staticmethod
    def dx(dy: Array, y: Array, row: Array, dx: Array, *, axis: int) -> None:
        kernels.log_softmax_gradient(dy, y, dx, row, axis)


class Sparsemax(Op):
    """y = max(x - t, 0) along the last axis, with t so that y sums to 1; dx = dy - mean of dy over the y > 0, there."""

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        require_whole_rows("sparsemax", x, (x.ndim - 1,))
        y = x.with_dtype(float_dtype(x.dtype))
        row = reduced_spec(y, (x.ndim - 1,), True)
        mask = x.with_dtype(np.bool_)
        return {"y": y, "ordered": y, "mask": mask, "row": row, "count": row}

    @staticmethod
    def forward(x: Array, y: Array, ordered: Array, mask: Array, row: Array, count: Array) -> None:
        np.copyto(ordered, x)
        ordered.sort(axis=-1)
        descending = ordered[..., ::-1]
        k = np.arange(1, x.shape[-1] + 1, dtype=y.dtype)
        np.add.accumulate(descending, axis=-1, out=y)
        np.subtract(y, 1, out=y)  # (sum of the k largest) - 1
        np.greater(np.multiply(descending, k, out=descending), y, out=mask)
        np.add.reduce(mask, axis=-1, keepdims=True, dtype=count.dtype, out=count)
        np.maximum.reduce(np.where(k == count, y, -np.inf), axis=-1, keepdims=True, out=row)
        np.divide(row, count, out=row)
        np.maximum(np.subtract(x, row, out=y), 0, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, mask: Array, row: Array, count: Array, dx: Array) -> None:
        np.greater(y, 0, out=mask)
        np.multiply(dy, mask, out=dx)
        np.add.reduce(dx, axis=-1, keepdims=True, out=row)
        np.add.reduce(mask, axis=-1, keepdims=True, dtype=count.dtype, out=count)
        np.subtract(dx, np.divide(row, count, out=row), out=dx)
        np.multiply(dx, mask, out=dx)


def _along(op: type[Op], name: str, x: Any, axis: int | Sequence[int] | None) -> Tensor:
    tensor = as_tensor(x)
    axes = normalize_axes(name, axis, tensor.ndim)
    if len(axes) == 1:
        return apply(op, tensor, axis=axes[0])  # type: ignore[no-any-return]
    require_whole_rows(name, tensor.spec, axes)
    last = range(tensor.ndim - len(axes), tensor.ndim)
    moved = moveaxis(tensor, axes, last)
    flat = reshape(moved, (*moved.shape[: last.start], -1))
    return moveaxis(reshape(apply(op, flat, axis=last.start), moved.shape), last, axes)


@symbolic
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """`exp(x) / sum(exp(x), axis)` (all axes if None)."""
    return _along(Softmax, "softmax", x, axis)


@symbolic
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """`x - log(sum(exp(x), axis))` (all axes if None)."""
    return _along(LogSoftmax, "log_softmax", x, axis)


@symbolic
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The nearest point to x whose elements along `axis` are not negative and sum to 1.

    Martins and Astudillo 2016, arXiv:1602.02068, algorithm 1.
    """
    tensor = as_tensor(x)
    place = normalize_axis("sparsemax", axis, tensor.ndim)
    return moveaxis(apply(Sparsemax, moveaxis(tensor, place, -1)), -1, place)
