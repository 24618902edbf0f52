"""Values laid side by side or cut apart: concatenate, stack, split, pad, flip, roll."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Rows, Spec, Tensor, apply, as_tensor, join, promote
from dtrain.graph.spec import DividedRows
from dtrain.graph.symbolic import symbolic

from .creation import known_value
from .indexing import take
from .lengths import Lengths
from .rows import common_rows, require_whole_rows
from .shaping import expand_dims, normalize_axis, ravel, reshape


class Concatenate(Op):
    """y = xs side by side along `axis`, on which they end at `ends` (global lengths).

    Along the batch axis, each process has its rows of the first, then those of the second, and so on.
    """

    variadic = True

    @staticmethod
    def spec(xs: Sequence[Spec], *, axis: int) -> Spec:
        others = {x.global_shape[:axis] + x.global_shape[axis + 1 :] for x in xs}
        if len(others) > 1:
            listing = ", ".join(str(x.global_shape) for x in xs)
            raise ValueError(f"concatenate: expected shapes that differ along axis {axis} only. Received: {listing}")
        length = sum(x.shape[axis] for x in xs)
        batch: int | None = axis
        if all(x.batch == axis for x in xs):
            total = join(n for x in xs for n in x.parts)
            _check_shares(xs, axis, length, total)
        else:
            batch, total = common_rows("concatenate", xs)
            total = length if batch == axis else total
        shape = (*xs[0].shape[:axis], length, *xs[0].shape[axis + 1 :])
        return Spec(shape, promote(*(x.dtype for x in xs)), batch, total)

    @staticmethod
    def forward(xs: Sequence[Array], y: Array, *, axis: int) -> None:
        np.concatenate(xs, axis, out=y)

    @staticmethod
    def backward(dy: Array, dxs: Sequence[Array | None], *, axis: int, ends: tuple[int, ...]) -> None:
        lead = (slice(None),) * axis
        own = [end * dy.shape[axis] // ends[-1] if ends[-1] else 0 for end in ends]
        for dx, (start, stop) in zip(dxs, pairwise((0, *own)), strict=True):
            if dx is not None:
                np.copyto(dx, dy[(*lead, slice(start, stop))])


def _check_shares(xs: Sequence[Spec], axis: int, length: int, total: int) -> None:
    """Each process must hold the same share of the rows of every operand."""
    if any(x.shape[axis] * total != x.total * length for x in xs):
        listing = ", ".join(x.describe_rows() for x in xs)
        raise DividedRows(
            "concatenate: the rows of the batch are divided among processes, so that values can be laid one behind the "
            f"other if all of them are divided alike. Received: {listing}"
        )


class Pad(Op):
    """y = x with `widths` elements of a constant before and after it along every axis."""

    @staticmethod
    def spec(x: Spec, *, widths: tuple[tuple[int, int], ...]) -> Spec:
        shape = tuple(before + n + after for n, (before, after) in zip(x.shape, widths, strict=True))
        total = x.total if x.batch is None else x.total + sum(widths[x.batch])
        return Spec(shape, x.dtype, x.batch, total)

    @staticmethod
    def forward(x: Array, y: Array, *, widths: tuple[tuple[int, int], ...], value: float) -> None:
        y.fill(value)
        np.copyto(y[_inside(x, widths)], x)

    @staticmethod
    def dx(dy: Array, dx: Array, *, widths: tuple[tuple[int, int], ...]) -> None:
        np.copyto(dx, dy[_inside(dx, widths)])


def _inside(x: Array, widths: tuple[tuple[int, int], ...]) -> tuple[slice, ...]:
    return tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))


class Flip(Op):
    """y = x with the order along `axes` reversed."""

    @staticmethod
    def spec(x: Spec, *, axes: tuple[int, ...]) -> Spec:
        require_whole_rows("flip", x, axes)
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, axes: tuple[int, ...]) -> None:
        np.copyto(y, np.flip(x, axes))

    @staticmethod
    def dx(dy: Array, dx: Array, *, axes: tuple[int, ...]) -> None:
        np.copyto(dx, np.flip(dy, axes))


@symbolic
def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Tensor:
    """The tensors side by side along `axis` (as one row of numbers if None).

    Rows of the batch that are divided among processes stay so behind other such rows; behind what all processes hold
    whole, or beside other rows, they are gathered on all of them.

    Raises:
        ValueError: if shapes differ along another axis.
    """
    if any(isinstance(x, Lengths) for x in xs) and all(known_value(x) is not None for x in xs):
        return Lengths(n for x in xs for n in (x if isinstance(x, Lengths) else np.asarray(x)))
    tensors = [as_tensor(x) if axis is not None else ravel(x) for x in xs]
    if not tensors:
        raise ValueError("concatenate: expected at least one tensor. Received: an empty list")
    ranks = {t.ndim for t in tensors}
    if len(ranks) > 1:
        shapes = ", ".join(str(t.spec.global_shape) for t in tensors)
        raise ValueError(f"concatenate: expected tensors of one rank. Received: {shapes}")
    place = normalize_axis("concatenate", axis or 0, tensors[0].ndim)
    ends = tuple(int(n) for n in np.cumsum([t.spec.global_shape[place] for t in tensors]))
    return apply(Concatenate, *tensors, axis=place, ends=ends)  # type: ignore[no-any-return]


@symbolic
def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """The tensors, of one shape, along a new axis."""
    parts = list(x)
    if parts and all(type(n) in (int, Rows) for n in parts):
        return Lengths(parts)
    return concatenate([expand_dims(t, axis) for t in parts], axis)


@symbolic
def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x2 behind x1 along `axis` (as one row of numbers if None)."""
    return concatenate([x1, x2], axis)


@symbolic
def hstack(xs: Sequence[Any]) -> Tensor:
    """The tensors side by side along their second axis (the first, if they have only one)."""
    tensors = [as_tensor(x) if as_tensor(x).ndim else ravel(x) for x in xs]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


@symbolic
def vstack(xs: Sequence[Any]) -> Tensor:
    """The tensors below each other along the first axis; those of one axis are rows."""
    return concatenate([reshape(x, (1, -1)) if as_tensor(x).ndim < 2 else x for x in xs], 0)


@symbolic
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """x with elements added before and after it along every axis.

    Args:
        pad_width: `((before, after), ...)` for every axis, one pair or one number for all.
        mode: "constant" (`constant_values`, 0 if None), "reflect" (mirrored at the first and last element),
            "symmetric" (mirrored at the edge), "edge" (the first and last element again) or "wrap".
    """
    tensor = as_tensor(x)
    pairs = np.broadcast_to(np.asarray(pad_width, np.int64), (tensor.ndim, 2))
    widths = tuple((int(a), int(b)) for a, b in pairs)
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad: expected widths that are not negative. Received: pad_width={pad_width}")
    require_whole_rows("pad", tensor.spec, [k for k, pair in enumerate(widths) if any(pair)])
    if mode == "constant":
        value = 0 if constant_values is None else np.asarray(constant_values).item()
        return apply(Pad, tensor, widths=widths, value=value)  # type: ignore[no-any-return]
    if constant_values is not None:
        raise ValueError(f"pad: `constant_values` belongs to mode='constant'. Received: mode={mode!r}")
    if mode not in ("reflect", "symmetric", "edge", "wrap"):
        raise ValueError(
            f"pad: expected mode 'constant', 'reflect', 'symmetric', 'edge' or 'wrap'. Received: mode={mode!r}"
        )
    for axis, pair in enumerate(widths):
        if any(pair):
            places = np.pad(np.arange(tensor.spec.shape[axis]), pair, mode=mode)  # type: ignore[call-overload]
            tensor = take(tensor, places, axis)
    return tensor


@symbolic
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """x with the order along `axis` (every axis if None) reversed."""
    tensor = as_tensor(x)
    wanted = range(tensor.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    return apply(Flip, tensor, axes=tuple(normalize_axis("flip", a, tensor.ndim) for a in wanted))  # type: ignore[no-any-return]


@symbolic
def fliplr(x: Any) -> Tensor:
    """x with the order along its second axis reversed."""
    return flip(x, 1)


@symbolic
def flipud(x: Any) -> Tensor:
    """x with the order along its first axis reversed."""
    return flip(x, 0)
