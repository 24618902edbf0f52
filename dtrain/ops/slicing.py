"""`x[key]`: blocks of a value, and what its key of slices, integers, arrays and None stands for."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Rows, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .creation import value_of_all
from .indexing import gather
from .rows import require_whole_rows
from .seams import cut_at_seams, is_cut_at_seams
from .shaping import Reshape

Cut = tuple[int, int | None, int]
"""start, stop and step of a slice whose start and stop are settled (stop None: beyond the first element)."""

WHOLE: Cut = (0, None, 1)
"""All of an axis, whatever its length."""


def _slices(cuts: Sequence[Cut]) -> tuple[Any, ...]:
    return tuple(builtins.slice(*cut) for cut in cuts)


class Slice(Op):
    """y = x[start:stop:step] along every axis."""

    @staticmethod
    def spec(x: Spec, *, cuts: tuple[Cut, ...]) -> Spec:
        shape = tuple(len(range(n)[s]) for n, s in zip(x.shape, _slices(cuts), strict=True))
        if x.batch is None or x.divided:
            return x.with_shape(shape)
        return Spec(shape, x.dtype, x.batch, shape[x.batch])

    @staticmethod
    def forward(x: Array, y: Array, *, cuts: tuple[Cut, ...]) -> None:
        np.copyto(y, x[_slices(cuts)])

    @staticmethod
    def dx(dy: Array, dx: Array, *, cuts: tuple[Cut, ...]) -> None:
        dx.fill(0)
        np.copyto(dx[_slices(cuts)], dy)


@dataclass
class _Key:
    """A key, read: a cut for each axis, the axes of the result (None: a new one), index arrays by axis of that.

    `rows`: the slice that takes whole parts of the rows of a concatenation, to be taken before the others.
    """

    rows: builtins.slice | None = None
    cuts: list[Cut] = field(default_factory=list)
    source: list[int | None] = field(default_factory=list)
    arrays: dict[int, Any] = field(default_factory=dict)

    def read(self, part: Any, x: Spec) -> None:
        if part is None:
            self.source.append(None)
            return
        axis, length = len(self.cuts), x.global_shape[len(self.cuts)]
        if _is_integer(part):
            self.cuts.append(_single(x, int(part), axis))
            return
        if isinstance(part, builtins.slice) and is_cut_at_seams(x, axis, part):
            self.rows = part
            self.cuts.append(WHOLE)
        elif isinstance(part, builtins.slice):
            self.cuts.append(_cut(part, length))
        else:
            self.cuts.append((0, length, 1))
            self.arrays[len(self.source)] = part
        self.source.append(axis)


def _read(key: Any, x: Spec) -> _Key:
    parts = [p for k in (key if isinstance(key, tuple) else (key,)) for p in _without_mask(k)]
    used = sum(p is not None and p is not Ellipsis for p in parts)
    if used > x.ndim:
        raise IndexError(f"Expected at most {x.ndim} indices, one for each axis. Received: {used}")
    place = next((i for i, p in enumerate(parts) if p is Ellipsis), len(parts))
    parts[place : place + 1] = [builtins.slice(None)] * (x.ndim - used)
    result = _Key()
    for part in parts:
        result.read(part, x)
    return result


def _without_mask(key: Any) -> tuple[Any, ...]:
    """A boolean index as the integer arrays that it stands for, any other as it is."""
    if isinstance(key, (np.ndarray, Tensor)) and np.dtype(key.dtype) == np.bool_:
        if isinstance(key, Tensor) and key.array is None:
            raise TypeError("Expected a boolean index whose value is known. Choose by condition with dtrain.ops.where")
        return np.nonzero(value_of_all(key))
    if isinstance(key, list) and key and all(isinstance(k, bool) for k in key):
        return np.nonzero(key)
    return (key,)


def _is_integer(key: Any) -> bool:
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return True
    known = isinstance(key, np.ndarray) or (isinstance(key, Tensor) and key.array is not None)
    return known and key.ndim == 0 and np.dtype(key.dtype).kind in "iu"


def _cut(key: Any, length: int) -> Cut:
    bounds = (None if v is None else int(v) for v in (key.start, key.stop, key.step))
    start, stop, step = builtins.slice(*bounds).indices(length)
    return start, None if stop < 0 else stop, step


def _single(x: Spec, index: int, axis: int) -> Cut:
    require_whole_rows("indexing", x, (axis,))
    length = x.global_shape[axis]
    if not -length <= index < length:
        raise IndexError(f"Index {index} is out of range for axis {axis} of shape {x.global_shape}")
    return index % length, index % length + 1, 1


def cut(x: Tensor, cuts: Sequence[Cut]) -> Tensor:
    """The block of x between the cuts, one for each axis."""
    changed = [k for k, (c, n) in enumerate(zip(cuts, x.spec.global_shape, strict=True)) if c not in ((0, n, 1), WHOLE)]
    require_whole_rows("indexing", x.spec, changed)
    settled = tuple(c if k in changed else WHOLE for k, c in enumerate(cuts))
    return apply(Slice, x, cuts=settled) if changed else x


@symbolic
def get_item(x: Any, key: Any) -> Tensor:
    """`x[key]` for slices, integers, None, Ellipsis, integer arrays, and boolean arrays whose value is known.

    Rows of the batch that are divided among processes are gathered on all of them to take some, but for parts of a
    concatenation of rows as they were put together, `both[: x.shape[0]]`, and for `x[ops.arange(x.shape[0]), labels]`.

    Raises:
        IndexError: for more indices than axes, or an integer out of range.
    """
    tensor = as_tensor(x)
    read = _read(key, tensor.spec)
    if read.rows is not None:
        tensor = cut_at_seams(tensor, read.rows)
    tensor = cut(tensor, read.cuts)
    if read.source != list(range(tensor.ndim)):
        lengths, rows = tensor.spec.global_shape, tensor.spec.batch
        shape = tuple(1 if k is None else lengths[k] for k in read.source)
        batch = read.source.index(rows) if rows is not None and rows in read.source else None
        tensor = apply(Reshape, tensor, shape=shape, batch=batch)
    return gather(tensor, read.arrays) if read.arrays else tensor


@symbolic
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """The block of `shape` that starts at `start_indices`."""
    starts = [i if isinstance(i, Rows) else int(i) for i in start_indices]
    pairs = zip(starts, shape, strict=True)
    return get_item(inputs, tuple(builtins.slice(i, i + n if isinstance(i, Rows) or i else n) for i, n in pairs))
