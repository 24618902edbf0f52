"""Largest and smallest elements, their places, products, and the logarithm of a sum of exponentials."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .choice import maximum, minimum, where
from .creation import arange, cast, fill
from .elementwise import exp, float_dtype, log, stop_gradient
from .reduction import Axes, expand, normalize_axes, reduced_spec, sum
from .row_extremes import extreme_of_rows, needs_all_processes, same_as, table_of
from .rows import require_whole_rows
from .shaping import moveaxis, normalize_axis, ravel, reshape, squeeze


class _Extreme(Op):
    """The gradient is shared equally among the elements that are the extreme one."""

    @staticmethod
    def spec(x: Spec, *, axes: Axes, keepdims: bool) -> dict[str, Spec]:
        require_whole_rows("max and min", x, axes)
        y = reduced_spec(x, axes, keepdims)
        return {"y": y, "mask": x.with_dtype(np.bool_), "share": reduced_spec(x, axes, True)}

    @staticmethod
    def dx(dy: Array, x: Array, y: Array, mask: Array, share: Array, dx: Array, *, axes: Axes) -> None:
        np.equal(x, expand(y, axes, x.ndim), out=mask)
        np.add.reduce(mask, axis=axes, keepdims=True, dtype=share.dtype, out=share)
        np.divide(expand(dy, axes, x.ndim), share, out=share)
        np.multiply(mask, share, out=dx)


class Max(_Extreme):
    """y = largest of x over `axes`"""

    @staticmethod
    def forward(x: Array, y: Array, *, axes: Axes, keepdims: bool) -> None:
        np.maximum.reduce(x, axis=axes, keepdims=keepdims, out=y)


class Min(_Extreme):
    """y = smallest of x over `axes`"""

    @staticmethod
    def forward(x: Array, y: Array, *, axes: Axes, keepdims: bool) -> None:
        np.minimum.reduce(x, axis=axes, keepdims=keepdims, out=y)


class _Place(Op):
    """y = index of the first extreme element along `axis`."""

    @staticmethod
    def spec(x: Spec, *, axis: int, keepdims: bool) -> dict[str, Spec]:
        require_whole_rows("argmax and argmin", x, (axis,))
        y = reduced_spec(x, (axis,), keepdims).with_dtype(np.int32)
        return {"y": y, "place": y.with_dtype(np.intp)}


class Argmax(_Place):
    """y = index of the first largest element along `axis`"""

    @staticmethod
    def forward(x: Array, y: Array, place: Array, *, axis: int, keepdims: bool) -> None:
        np.copyto(y, np.argmax(x, axis, out=place, keepdims=keepdims), casting="same_kind")


class Argmin(_Place):
    """y = index of the first smallest element along `axis`"""

    @staticmethod
    def forward(x: Array, y: Array, place: Array, *, axis: int, keepdims: bool) -> None:
        np.copyto(y, np.argmin(x, axis, out=place, keepdims=keepdims), casting="same_kind")


class Logsumexp(Op):
    """y = log(sum(exp(x))) over `axes`, without overflow."""

    @staticmethod
    def spec(x: Spec, *, axes: Axes, keepdims: bool) -> dict[str, Spec]:
        require_whole_rows("logsumexp", x, axes)
        dtype = float_dtype(x.dtype)
        y = reduced_spec(x, axes, keepdims).with_dtype(dtype)
        return {"y": y, "shifted": x.with_dtype(dtype), "largest": reduced_spec(x, axes, True).with_dtype(dtype)}

    @staticmethod
    def forward(x: Array, y: Array, shifted: Array, largest: Array, *, axes: Axes, keepdims: bool) -> None:
        np.maximum.reduce(x, axis=axes, keepdims=True, out=largest, initial=np.finfo(y.dtype).min)
        np.minimum(largest, np.finfo(y.dtype).max, out=largest)
        np.exp(np.subtract(x, largest, out=shifted), out=shifted)
        np.add.reduce(shifted, axis=axes, keepdims=keepdims, out=y)
        np.log(y, out=y)
        np.add(y, largest.reshape(y.shape), out=y)

    @staticmethod
    def dx(dy: Array, x: Array, y: Array, dx: Array, *, axes: Axes) -> None:
        np.exp(np.subtract(x, expand(y, axes, x.ndim), out=dx), out=dx)
        np.multiply(dx, expand(dy, axes, x.ndim), out=dx)


class ProdLast(Op):
    """y = product over the last axis; dx = dy * (product of all other elements), also where elements are 0."""

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        return {"y": reduced_spec(x, (x.ndim - 1,), False), "after": x}

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.multiply.reduce(x, axis=-1, dtype=y.dtype, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, after: Array, dx: Array) -> None:
        dx[..., :1] = 1
        np.multiply.accumulate(x[..., :-1], axis=-1, out=dx[..., 1:])
        after[..., -1:] = 1
        np.multiply.accumulate(x[..., :0:-1], axis=-1, out=after[..., -2::-1])
        np.multiply(dx, after, out=dx)
        np.multiply(dx, dy[..., None], out=dx)


def _extreme(
    op: type[Op], name: str, x: Any, axis: int | Sequence[int] | None, keepdims: bool, of_none: float | None = None
) -> Tensor:
    tensor = as_tensor(x)
    axes = normalize_axes(name, axis, tensor.ndim)
    if builtins.any(tensor.spec.global_shape[a] == 0 for a in axes):
        if of_none is not None:
            return fill(reduced_spec(tensor.spec, axes, keepdims), of_none)
        raise ValueError(f"{name}: expected at least one element along axis {axis}. Received: shape {tensor.shape}")
    if op in _SIGNS and needs_all_processes(tensor, axes):
        return extreme_of_rows(tensor, axes, keepdims, _SIGNS[op])
    return apply(op, tensor, axes=axes, keepdims=keepdims)  # type: ignore[no-any-return]


_SIGNS: dict[type[Op], int] = {Max: 1, Min: -1}


@symbolic
def max(
    x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None
) -> Tensor:
    """The largest element over `axis` (all axes if None), at least `initial`.

    Equal ones share the gradient equally.
    """
    y = _extreme(Max, "max", x, axis, keepdims, initial)
    return y if initial is None else maximum(y, initial)


@symbolic
def min(
    x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None
) -> Tensor:
    """The smallest element over `axis` (all axes if None), at most `initial`.

    Equal ones share the gradient equally.
    """
    y = _extreme(Min, "min", x, axis, keepdims, initial)
    return y if initial is None else minimum(y, initial)


amax = max
amin = min


@symbolic
def prod(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product over `axis` (all axes if None)."""
    tensor = as_tensor(x) if dtype is None else cast(x, dtype)
    axes = normalize_axes("prod", axis, tensor.ndim)
    if needs_all_processes(tensor, axes):
        return _product_of_rows(tensor, axes, keepdims)
    require_whole_rows("prod", tensor.spec, axes)
    lengths = tensor.shape
    kept = [n for k, n in enumerate(lengths) if k not in axes]
    count = math.prod(lengths[a] for a in axes)
    last = reshape(moveaxis(tensor, axes, range(tensor.ndim - len(axes), tensor.ndim)), (*kept, count))
    y = apply(ProdLast, last)
    return reshape(y, [1 if k in axes else n for k, n in enumerate(lengths)]) if keepdims else y


def _product_of_rows(x: Tensor, axes: Axes, keepdims: bool) -> Tensor:
    """The product over axes that include the batch's: of all others first, then of the rows."""
    batch = x.spec.batch
    inner = prod(x, [a for a in axes if a != batch], keepdims=True) if len(axes) > 1 else x
    assert batch is not None  # noqa: S101 - it is among the axes
    table = table_of(apply(ProdLast, moveaxis(inner, batch, -1)))
    y = reshape(prod(table, 0), [1 if k in axes else n for k, n in enumerate(x.shape)])
    return y if keepdims else squeeze(y, axes)


@symbolic
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along `axis` (of all of x if None)."""
    return _place(Argmax, "argmax", x, axis, keepdims)


@symbolic
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along `axis` (of all of x if None)."""
    return _place(Argmin, "argmin", x, axis, keepdims)


def _place(op: type[Op], name: str, x: Any, axis: int | None, keepdims: bool) -> Tensor:
    tensor = as_tensor(x)
    if axis is not None:
        place = normalize_axis(name, axis, tensor.ndim)
        if needs_all_processes(tensor, (place,)):
            return _place_of_row(tensor, place, keepdims, 1 if op is Argmax else -1)
        return apply(op, tensor, axis=place, keepdims=keepdims)  # type: ignore[no-any-return]
    y = _place(op, name, ravel(tensor), 0, False)
    return reshape(y, (1,) * tensor.ndim) if keepdims else y


def _place_of_row(x: Tensor, axis: int, keepdims: bool, sign: int) -> Tensor:
    """The number of the first row of the global batch with the extreme element."""
    found = same_as(x, extreme_of_rows(x, (axis,), True, sign))
    rows = x.shape[axis]
    numbers = reshape(arange(rows), [rows if k == axis else 1 for k in range(x.ndim)])
    return extreme_of_rows(where(found, numbers, np.int32(x.spec.total)), (axis,), keepdims, -1)


@symbolic
def logsumexp(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))` over `axis` (all axes if None), without overflow."""
    tensor = as_tensor(x)
    axes = normalize_axes("logsumexp", axis, tensor.ndim)
    if not needs_all_processes(tensor, axes):
        return _extreme(Logsumexp, "logsumexp", tensor, axis, keepdims)
    limits = np.finfo(float_dtype(tensor.spec.dtype))
    largest = stop_gradient(minimum(maximum(max(tensor, axes, keepdims=True), float(limits.min)), float(limits.max)))
    y = log(sum(exp(tensor - largest), axes, keepdims=True)) + largest
    return y if keepdims else squeeze(y, axes)
