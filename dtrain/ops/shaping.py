"""The same numbers in another shape or order: reshape, transpose, broadcast."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Rows, Shape, Spec, Tensor, apply, as_tensor, broadcast_specs, join
from dtrain.graph.spec import DividedRows
from dtrain.graph.symbolic import symbolic
from dtrain.graph.trace import batch_rows

from .broadcasting import reduce_to
from .creation import shape_spec, value_of_all
from .lengths import Lengths


class Reshape(Op):
    """y = x in another shape (the global one is `shape`, its rows on axis `batch`), in the same memory."""

    view = True

    @staticmethod
    def spec(x: Spec, *, shape: Shape, batch: int | None) -> Spec:
        if batch is None:
            return Spec(shape, x.dtype)
        local = x.shape[x.batch] * shape[batch] // x.total if x.batch is not None and x.total else 0
        total = join(_new_parts(x, shape, batch))
        return Spec((*shape[:batch], local, *shape[batch + 1 :]), x.dtype, batch, total)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x.reshape(y.shape))


class Transpose(Op):
    """y[..., j, ...] = x with its axis `axes[k]` as axis k."""

    @staticmethod
    def spec(x: Spec, *, axes: tuple[int, ...]) -> Spec:
        batch = None if x.batch is None else axes.index(x.batch)
        return Spec(tuple(x.shape[a] for a in axes), x.dtype, batch, x.total)

    @staticmethod
    def forward(x: Array, y: Array, *, axes: tuple[int, ...]) -> None:
        np.copyto(y, x.transpose(axes))

    @staticmethod
    def dx(dy: Array, dx: Array, *, axes: tuple[int, ...]) -> None:
        np.copyto(dx.transpose(axes), dy)


class BroadcastTo(Op):
    """y = x repeated along the axes on which it has length 1."""

    @staticmethod
    def spec(x: Spec, *, like: Spec) -> Spec:
        shape, batch, total = broadcast_specs("broadcast_to", x, like)
        return Spec(shape, x.dtype, batch, total)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x)

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        reduce_to(dy, dx)


def _new_parts(x: Spec, shape: Shape, batch: int) -> tuple[int, ...]:
    """The parts of the rows (`Spec.parts`) when x takes this global shape, with its rows on axis `batch`.

    A leading axis that is merged into the rows makes parts of them; one that is cut off takes as many equal ones apart.
    """
    before, after = prod(x.shape[: x.batch]), prod(shape[:batch])
    if before > after and after and shape[batch] * after == x.total * before:
        return x.parts * (before // after)
    if after > before and before and shape[batch] * after == x.total * before:
        return x.parts[: len(x.parts) * before // after]
    return tuple(n * shape[batch] // x.total for n in x.parts) if len(x.parts) > 1 and x.total else (shape[batch],)


def normalize_axis(name: str, axis: int, ndim: int) -> int:
    """`axis` as a number in [0, ndim)."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"{name}: expected an axis in [{-ndim}, {ndim}). Received: axis={axis}")
    return axis + ndim if axis < 0 else axis


def _complete(x: Spec, newshape: Sequence[int]) -> Shape:
    """The new shape without -1, in global lengths."""
    lengths = [n.total if isinstance(n, Rows) else int(n) for n in newshape]
    size = x.global_size
    if lengths.count(-1) == 1:
        known = prod(n for n in lengths if n != -1)
        if known and size % known == 0:
            lengths[lengths.index(-1)] = size // known
    if any(n < 0 for n in lengths) or prod(lengths) != size:
        raise ValueError(
            f"reshape: expected a shape of {size} elements. Received: newshape={tuple(newshape)} for {x.global_shape}"
        )
    return tuple(lengths)


def _batch_axis(x: Spec, shape: Shape, newshape: Sequence[int]) -> int | None:
    """The axis of the new shape along which each process's rows lie together, as they do along the old one."""
    if x.batch is None or not x.total:
        return x.batch if x.batch is not None and x.batch < len(shape) else None
    lead = prod(x.shape[: x.batch])
    unit = (batch_rows() or x.total) if x.divided else 1  # of which each process may have any part
    places = [
        k for k, n in enumerate(shape) if prod(shape[:k]) == lead and (n % x.total == 0 or x.total % n == 0)
        and all(part * n % (x.total * unit) == 0 for part in x.parts)
    ]  # fmt: skip
    named = [k for k in places if isinstance(newshape[k], Rows)]
    equal = [k for k in places if shape[k] == x.total]
    moved = [k for k in builtins.range(len(shape)) if _moves_parts(x, lead, shape, k)]
    return next(iter((*named, *equal, *moved, *places)), None)


def _moves_parts(x: Spec, lead: int, shape: Shape, axis: int) -> bool:
    """Whether rows on this axis of the new shape take in a leading axis, or give off one that counts their parts."""
    before, after = lead, prod(shape[:axis])
    if not before or not after or before == after or shape[axis] * after != x.total * before:
        return False
    if before > after:
        return before % after == 0
    count, rest = divmod(len(x.parts) * before, after)
    return after % before == 0 and not rest and x.parts[:count] * (after // before) == x.parts


@symbolic
def reshape(x: Any, newshape: int | Sequence[int]) -> Tensor:
    """x in another shape; one length may be -1. Rows of the batch that would be mixed are gathered on all processes.

    Raises:
        ValueError: if the number of elements differs.
    """
    tensor = as_tensor(x)
    wanted = (newshape,) if isinstance(newshape, (int, np.integer)) else tuple(newshape)
    shape = _complete(tensor.spec, wanted)
    batch = _batch_axis(tensor.spec, shape, wanted)
    if batch is None and tensor.spec.divided:
        raise DividedRows(
            f"reshape: from {tensor.spec.global_shape} to {shape} the rows of the batch (axis {tensor.spec.batch}), "
            "which are divided among processes, would not stay together; transpose them to the first axis before",
            tensor.spec,
        )
    return apply(Reshape, tensor, shape=shape, batch=batch)  # type: ignore[no-any-return]


@symbolic
def expand_dims(x: Any, axis: int | Sequence[int]) -> Tensor:
    """x with axes of length 1 inserted at the places `axis` of the result."""
    if type(x) in (int, Rows):
        return Lengths((x,))
    tensor = as_tensor(x)
    wanted = [axis] if isinstance(axis, int) else list(axis)
    ndim = tensor.ndim + len(wanted)
    new = {normalize_axis("expand_dims", a, ndim) for a in wanted}
    kept = iter(range(tensor.ndim))
    source = [None if k in new else next(kept) for k in builtins.range(ndim)]
    return _with_axes(tensor, source)


@symbolic
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """x without the axes `axis` of length 1 (all of them if None, save the batch's)."""
    tensor = as_tensor(x)
    shape = tensor.spec.global_shape
    if axis is None:
        gone = {k for k, n in enumerate(shape) if n == 1 and k != tensor.spec.batch}
    else:
        gone = {normalize_axis("squeeze", a, tensor.ndim) for a in ([axis] if isinstance(axis, int) else axis)}
    if any(shape[a] != 1 for a in gone):
        raise ValueError(f"squeeze: expected axes of length 1. Received: axis={axis} of shape {shape}")
    return _with_axes(tensor, [k for k in builtins.range(tensor.ndim) if k not in gone])


def _with_axes(x: Tensor, source: list[int | None]) -> Tensor:
    """x with axes dropped or (None) of length 1 inserted."""
    shape = tuple(1 if k is None else x.spec.global_shape[k] for k in source)
    batch = source.index(x.spec.batch) if x.spec.batch is not None and x.spec.batch in source else None
    return apply(Reshape, x, shape=shape, batch=batch)  # type: ignore[no-any-return]


@symbolic
def ravel(x: Any) -> Tensor:
    """x with one axis."""
    return reshape(x, (-1,))


@symbolic
def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """x with its axes in the order `axes` (reversed if None)."""
    tensor = as_tensor(x)
    order = tuple(reversed(range(tensor.ndim))) if axes is None else tuple(axes)
    order = tuple(normalize_axis("transpose", a, tensor.ndim) for a in order)
    if sorted(order) != list(range(tensor.ndim)):
        raise ValueError(f"transpose: expected each of {tensor.ndim} axes once. Received: axes={axes}")
    return tensor if order == tuple(range(tensor.ndim)) else apply(Transpose, tensor, axes=order)


@symbolic
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """x with two axes exchanged."""
    tensor = as_tensor(x)
    order = list(range(tensor.ndim))
    a, b = (normalize_axis("swapaxes", k, tensor.ndim) for k in (axis1, axis2))
    order[a], order[b] = b, a
    return transpose(tensor, order)


@symbolic
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """x with its axes `source` at the places `destination`, the others in their order."""
    tensor = as_tensor(x)
    pairs = [[v] if isinstance(v, int) else list(v) for v in (source, destination)]
    old, new = ([normalize_axis("moveaxis", a, tensor.ndim) for a in axes] for axes in pairs)
    order = [k for k in range(tensor.ndim) if k not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(tensor, order)


@symbolic
def broadcast_to(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x repeated along axes of length 1, and along new leading axes, to `shape`."""
    tensor = as_tensor(x)
    like = shape_spec(shape, tensor.dtype)
    if tensor.spec.batch is not None and like.batch is None:
        axis = tensor.spec.batch + like.ndim - tensor.ndim
        if axis >= 0 and like.shape[axis] == tensor.spec.total:
            rows = tensor.spec.rows
            local = (*like.shape[:axis], rows.own, *like.shape[axis + 1 :])
            like = replace(like, shape=local, batch=axis, total=rows.total)
    y = apply(BroadcastTo, tensor, like=like)
    if y.spec.shape != like.shape:
        raise ValueError(
            f"broadcast_to: expected a shape that {tensor.spec.global_shape} fits. Received: shape={like.global_shape}"
        )
    return y  # type: ignore[no-any-return]


@symbolic
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """x with every element along `axis` (of all of x, with one axis, if None) `repeats` times in a row."""
    tensor = as_tensor(x) if axis is not None else ravel(x)
    k = normalize_axis("repeat", axis or 0, tensor.ndim)
    lengths = tensor.shape
    if not isinstance(repeats, (int, np.integer)):
        return _repeat_each(tensor, value_of_all(repeats), k)
    count = repeats if isinstance(repeats, Rows) else int(repeats)
    wide = broadcast_to(expand_dims(tensor, k + 1), (*lengths[: k + 1], count, *lengths[k + 1 :]))
    return reshape(wide, (*lengths[:k], lengths[k] * count, *lengths[k + 1 :]))


def _repeat_each(x: Tensor, repeats: Array, axis: int) -> Tensor:
    from .indexing import take  # which is built on this module

    return take(x, np.repeat(np.arange(x.spec.global_shape[axis]), repeats), axis)


@symbolic
def tile(x: Any, repeats: int | Sequence[int]) -> Tensor:
    """x laid side by side `repeats[k]` times along axis k; missing leading ones are 1."""
    tensor = as_tensor(x)
    counts = [r if isinstance(r, Rows) else int(r) for r in ([repeats] if isinstance(repeats, int) else repeats)]
    ndim = max(tensor.ndim, len(counts))
    tensor = expand_dims(tensor, tuple(range(ndim - tensor.ndim))) if ndim > tensor.ndim else tensor
    counts = [1] * (ndim - len(counts)) + counts
    lengths = tensor.shape
    spread = [k for k in range(ndim) if counts[k] != 1]
    wide = expand_dims(tensor, [k + i for i, k in enumerate(spread)]) if spread else tensor
    pairs = [(counts[k], lengths[k]) if k in spread else (lengths[k],) for k in range(ndim)]
    wide = broadcast_to(wide, tuple(n for pair in pairs for n in pair))
    return reshape(wide, tuple(lengths[k] * counts[k] if counts[k] != 1 else lengths[k] for k in range(ndim)))
