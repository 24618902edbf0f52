"""Elements at given places, and choices between two values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array, Op, Shape, Spec, StepContext, Tensor, apply, as_tensor, broadcast_specs
from dtrain.graph.symbolic import symbolic

from .creation import FLOATX, cast
from .rows import require_whole_rows
from .shaping import moveaxis, normalize_axis, ravel


class Take(Op):
    """y = the slices of x number `indices` along `axis`; a negative number counts from the end."""

    @staticmethod
    def spec(x: Spec, indices: Spec, *, axis: int) -> Spec:
        require_whole_rows("take", x, (axis,))
        shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
        if indices.batch is not None:
            require_whole_rows("take", x, range(x.ndim))
            return Spec(shape, x.dtype, axis + indices.batch, indices.total)
        if x.batch is None or x.batch == axis:
            return Spec(shape, x.dtype)
        return Spec(shape, x.dtype, x.batch + (indices.ndim - 1) * (x.batch > axis), x.total)

    @staticmethod
    def forward(x: Array, indices: Array, y: Array, *, axis: int) -> None:
        check_range("take", indices, x.shape[axis])
        np.take(x, indices, axis=axis, out=y, mode="wrap")

    @staticmethod
    def dx(dy: Array, indices: Array, dx: Array, *, axis: int) -> None:
        dx.fill(0)
        place: Any = (slice(None),) * axis + (indices,)
        np.add.at(dx, place, dy)


def check_range(name: str, indices: Array, length: int) -> None:
    """Raise if an index lies outside of [-length, length)."""
    if indices.size and not (-length <= indices.min() and indices.max() < length):
        place = np.argmax((indices < -length) | (indices >= length))
        raise ValueError(
            f"{name}: expected indices in [{-length}, {length}). "
            f"Received: {indices.flat[place]} at position {tuple(map(int, np.unravel_index(place, indices.shape)))}"
        )


class TakeAlongAxis(Op):
    """y[..., j, ...] = x[..., indices[..., j, ...], ...]"""

    @staticmethod
    def spec(x: Spec, indices: Spec, *, axis: int) -> Spec:
        require_whole_rows("take_along_axis", x, (axis,))
        shape, batch, total = broadcast_specs("take_along_axis", *(_with_one(s, axis) for s in (x, indices)))
        if indices.batch == axis and batch is None:
            batch, total = axis, indices.total
        elif indices.divided and indices.batch == axis:
            require_whole_rows("take_along_axis", indices, (axis,))
        return Spec((*shape[:axis], indices.shape[axis], *shape[axis + 1 :]), x.dtype, batch, total)

    @staticmethod
    def forward(x: Array, indices: Array, y: Array, *, axis: int) -> None:
        check_range("take_along_axis", indices, x.shape[axis])
        np.copyto(y, x[_along(x.shape, indices, y.shape, axis)])

    @staticmethod
    def dx(dy: Array, indices: Array, dx: Array, *, axis: int) -> None:
        dx.fill(0)
        np.add.at(dx, _along(dx.shape, indices, dy.shape, axis), dy)


def _with_one(x: Spec, axis: int) -> Spec:
    """The spec with length 1 on an axis."""
    one = Spec((*x.shape[:axis], 1, *x.shape[axis + 1 :]), x.dtype, x.batch, x.total)
    return one.replicated() if x.batch == axis else one


def _along(shape: Shape, indices: Array, result: Shape, axis: int) -> tuple[Array, ...]:
    ndim = len(shape)
    grid = [np.arange(n).reshape([-1 if i == k else 1 for i in range(ndim)]) for k, n in enumerate(result)]
    for k, n in enumerate(shape):
        if n == 1:
            grid[k] = np.zeros([1] * ndim, np.int64)
    grid[axis] = np.broadcast_to(indices, result)
    return tuple(grid)


class Gather(Op):
    """y = x[i0, i1, ...]: one index array for each of the axes `first`, `first + 1`, ...; they broadcast.

    Index number `rows` counts the rows of the batch, as they lie on its axis (None: no index does).
    """

    variadic = True

    @staticmethod
    def spec(xs: Sequence[Spec], *, first: int, rows: int | None) -> Spec:
        x, indices = xs[0], xs[1:]
        shape, batch, total = broadcast_specs("indexing", *indices)
        if x.batch is not None and first <= x.batch < first + len(indices):
            by_rows = rows is not None and indices[rows].parts == x.parts and len(x.parts) == 1
            if x.divided and not by_rows:
                require_whole_rows("indexing", x, (x.batch,))
        elif batch is not None:
            require_whole_rows("indexing", x, range(x.ndim))
        elif x.batch is not None:
            batch = x.batch if x.batch < first else x.batch - len(indices) + len(shape)
            total = x.total
            return Spec((*x.shape[:first], *shape, *x.shape[first + len(indices) :]), x.dtype, batch, total)
        place = None if batch is None else first + batch
        return Spec((*x.shape[:first], *shape, *x.shape[first + len(indices) :]), x.dtype, place, total)

    @staticmethod
    def forward(xs: Sequence[Array], y: Array, *, first: int, rows: int | None, context: StepContext) -> None:
        np.copyto(y, xs[0][_key(xs[0].shape, xs[1:], first, rows, context)])

    @staticmethod
    def backward(
        dy: Array,
        xs: Sequence[Array],
        dxs: Sequence[Array | None],
        *,
        first: int,
        rows: int | None,
        context: StepContext,
    ) -> None:
        dx = dxs[0]
        if dx is not None:
            dx.fill(0)
            np.add.at(dx, _key(dx.shape, xs[1:], first, rows, context), dy)


def _key(shape: Shape, indices: Sequence[Array], first: int, rows: int | None, context: StepContext) -> tuple[Any, ...]:
    """The index of NumPy; numbers of rows in the global batch become those of this process's rows."""
    local = [i - context.first_row if k == rows else i for k, i in enumerate(indices)]
    for axis, index in enumerate(local, first):
        check_range("indexing", index, shape[axis])
    return (slice(None),) * first + tuple(local)


class OneHot(Op):
    """y[..., k] = 1 where x is k, else 0."""

    @staticmethod
    def spec(x: Spec, *, num_classes: int, dtype: str) -> Spec:
        return Spec((*x.shape, num_classes), np.dtype(dtype), x.batch, x.total)

    @staticmethod
    def forward(x: Array, y: Array, *, num_classes: int) -> None:
        np.equal(x[..., None], np.arange(num_classes), out=y, casting="unsafe")


@symbolic
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The slices of x number `indices` along `axis` (elements of all of x if None).

    Raises:
        ValueError: when it runs, for an index outside of [-n, n).
    """
    tensor = ravel(x) if axis is None else as_tensor(x)
    places = _integers("take", indices)
    return apply(Take, tensor, places, axis=normalize_axis("take", axis or 0, tensor.ndim))  # type: ignore[no-any-return]


@symbolic
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """`y[..., j, ...] = x[..., indices[..., j, ...], ...]` along `axis` (of all of x and of indices if None)."""
    tensor, places = as_tensor(x), _integers("take_along_axis", indices)
    if axis is None:
        tensor, places, axis = ravel(tensor), ravel(places), 0
    axis = normalize_axis("take_along_axis", axis, tensor.ndim)
    return apply(TakeAlongAxis, tensor, places, axis=axis)  # type: ignore[no-any-return]


def _integers(name: str, indices: Any) -> Tensor:
    tensor = as_tensor(indices)
    if tensor.spec.is_float:
        return cast(tensor, np.int32)
    if tensor.spec.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer indices. Received: dtype={tensor.dtype}")
    return tensor


@symbolic
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: DTypeLike | None = None, sparse: bool = False) -> Tensor:
    """1 at place x along a new axis of length `num_classes`, else 0; zeros for an x outside of [0, num_classes)."""
    if sparse:
        raise ValueError("one_hot: only dense tensors are known. Received: sparse=True")
    y = apply(OneHot, as_tensor(x), num_classes=int(num_classes), dtype=np.dtype(dtype or FLOATX).name)
    return y if axis in (-1, y.ndim - 1) else moveaxis(y, -1, axis)


@symbolic
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: DTypeLike | None = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """1 at every place that occurs in the last axis of the inputs, along an axis of length `num_classes`.

    `num_tokens` is an older name of `num_classes`.
    """
    from .extremes import max  # which is built on this module

    num_classes = kwargs.pop("num_tokens", num_classes)
    if num_classes is None or kwargs:
        raise ValueError(f"multi_hot: expected num_classes. Received: num_classes={num_classes}, {kwargs}")
    x = as_tensor(inputs)
    y = one_hot(x, num_classes, axis, dtype, sparse)
    return max(y, axis=x.ndim - 1 if axis in (-1, x.ndim) else x.ndim)


def gather(x: Tensor, arrays: dict[int, Any]) -> Tensor:
    """x indexed by integer arrays on some axes, as NumPy has it: they broadcast against each other."""
    axes = list(arrays)
    indices = [_integers("indexing", key) for key in arrays.values()]
    numbers = [k for k, places in enumerate(indices) if axes[k] == x.spec.batch and places.counts_rows]
    rows = numbers[0] if numbers and x.spec.divided else None
    if len(axes) == 1 and rows is None:
        return apply(Take, x, indices[0], axis=axes[0])  # type: ignore[no-any-return]
    first = axes[0]
    if axes != list(range(first, first + len(axes))):
        x, first = moveaxis(x, axes, range(len(axes))), 0
    return apply(Gather, x, *indices, first=first, rows=rows)  # type: ignore[no-any-return]
