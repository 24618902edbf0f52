"""Reductions over axes. One that includes the batch axis is completed over all processes."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .collective import AllSum
from .comparison import equal, not_equal
from .creation import ones_like
from .elementwise import float_dtype, sqrt, square
from .shaping import expand_dims

Axes = tuple[int, ...]


def normalize_axes(name: str, axis: int | Sequence[int] | None, ndim: int) -> Axes:
    """`axis` as a sorted tuple of distinct numbers in [0, ndim)."""
    axes = range(ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    result = tuple(sorted({a + ndim if a < 0 else a for a in map(int, axes)}))
    if builtins.any(not 0 <= a < ndim for a in result):
        raise ValueError(f"{name}: expected axes in [{-ndim}, {ndim}). Received: axis={axis}")
    return result


def reduced_spec(x: Spec, axes: Axes, keepdims: bool) -> Spec:
    """The spec after a reduction; a reduced batch axis leaves a value that belongs to no rows."""
    shape = tuple(1 if k in axes else n for k, n in enumerate(x.shape) if keepdims or k not in axes)
    if x.batch is None or x.batch in axes:
        return Spec(shape, x.dtype)
    batch = x.batch if keepdims else x.batch - builtins.sum(a < x.batch for a in axes)
    return Spec(shape, x.dtype, batch, x.total)


def expand(dy: Array, axes: Axes, ndim: int) -> Array:
    """`dy` with the reduced axes as axes of length 1 (a view)."""
    if dy.ndim == ndim:
        return dy
    return np.expand_dims(dy, axes)


def sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a sum: small integers and booleans are counted in 32 bits."""
    if dtype.kind in "biu" and dtype.itemsize < 4:
        return np.dtype(np.uint32 if dtype.kind == "u" else np.int32)
    return dtype


class Mean(Op):
    """y = sum of x over `axes`, of this process's rows, divided by the number of elements in all processes."""

    @staticmethod
    def spec(x: Spec, *, axes: Axes, keepdims: bool, count: int) -> Spec:
        y = reduced_spec(x, axes, keepdims)
        return y.with_dtype(float_dtype(y.dtype))

    @staticmethod
    def forward(x: Array, y: Array, *, axes: Axes, keepdims: bool, count: int) -> None:
        np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=y.dtype, out=y)
        np.divide(y, count, out=y)

    @staticmethod
    def dx(dy: Array, dx: Array, *, axes: Axes, count: int) -> None:
        np.divide(expand(dy, axes, dx.ndim), count, out=dx)


class Sum(Op):
    """y = sum of x over `axes`, of this process's rows."""

    @staticmethod
    def spec(x: Spec, *, axes: Axes, keepdims: bool) -> Spec:
        y = reduced_spec(x, axes, keepdims)
        return y.with_dtype(sum_dtype(y.dtype))

    @staticmethod
    def forward(x: Array, y: Array, *, axes: Axes, keepdims: bool) -> None:
        np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=y.dtype, out=y)

    @staticmethod
    def dx(dy: Array, dx: Array, *, axes: Axes) -> None:
        np.copyto(dx, expand(dy, axes, dx.ndim))


def sum_rows(x: Tensor, axes: Axes, keepdims: bool = False) -> Tensor:
    """The sum over `axes` of this process's rows alone: a part of the sum over all of them."""
    return apply(Sum, x, axes=axes, keepdims=keepdims)  # type: ignore[no-any-return]


@symbolic
def sum(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis` (all axes if None)."""
    tensor = as_tensor(x)
    axes = normalize_axes("sum", axis, tensor.ndim)
    return _finished(sum_rows(tensor, axes, keepdims), tensor, axes)


def _finished(y: Tensor, x: Tensor, axes: Axes) -> Tensor:
    """A reduction by addition, completed over all processes if the batch axis is among `axes`."""
    return apply(AllSum, y) if x.spec.batch in axes else y


@symbolic
def mean(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis` (all axes if None), of the rows of all processes."""
    tensor = as_tensor(x)
    axes = normalize_axes("mean", axis, tensor.ndim)
    count = math.prod(tensor.spec.global_shape[a] for a in axes)
    return _finished(apply(Mean, tensor, axes=axes, keepdims=keepdims, count=count), tensor, axes)


@symbolic
def var(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean over `axis` (all axes if None)."""
    tensor = as_tensor(x)
    return mean(square(tensor - mean(tensor, axis, keepdims=True)), axis, keepdims)


@symbolic
def std(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The square root of the variance over `axis` (all axes if None)."""
    return sqrt(var(x, axis, keepdims))


@symbolic
def average(x: Any, axis: int | Sequence[int] | None = None, weights: Any = None) -> Tensor:
    """`sum(x * weights) / sum(weights)` over `axis`; the plain mean without weights."""
    if weights is None:
        return mean(x, axis)
    tensor, w = as_tensor(x), as_tensor(weights)
    if w.ndim == 1 and tensor.ndim > 1 and isinstance(axis, int):
        w = expand_dims(w, [k for k in range(tensor.ndim) if k != axis % tensor.ndim])
    return sum(tensor * w, axis) / sum(w * ones_like(tensor), axis)  # type: ignore[no-any-return]


@symbolic
def count_nonzero(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """How many elements over `axis` (all axes if None) are not zero."""
    return sum(not_equal(x, 0), axis)


@symbolic
def any(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Whether one element over `axis` (all axes if None) is true."""
    return sum(not_equal(x, 0), axis, keepdims) > 0  # type: ignore[no-any-return]


@symbolic
def all(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over `axis` (all axes if None) are true."""
    return equal(sum(equal(x, 0), axis, keepdims), 0)
