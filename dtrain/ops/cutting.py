"""Values cut apart and put together in another order: split, roll, differences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dtrain.graph import Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .joining import concatenate
from .rows import require_whole_rows
from .seams import cut_at_seams, is_cut_at_seams
from .shaping import normalize_axis, ravel, reshape, squeeze
from .slicing import WHOLE, Slice


@symbolic
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """x in parts along `axis`: this many equal ones, or cut before each of these indices.

    Raises:
        ValueError: if equal parts cannot be made.
    """
    tensor = as_tensor(x)
    place = normalize_axis("split", axis, tensor.ndim)
    length = tensor.spec.global_shape[place]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or length % parts:
            raise ValueError(f"split: expected a number of parts that divides {length}. Received: {parts}")
        bounds = [k * (length // parts) for k in range(parts + 1)]
    else:
        places = (int(i) for i in indices_or_sections)
        bounds = [0, *(slice(i).indices(length)[1] for i in places), length]
    return [_between(tensor, place, start, max(start, stop)) for start, stop in pairwise(bounds)]


def _between(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    """A part of x between global places."""
    between = slice(start, stop)
    if is_cut_at_seams(x.spec, axis, between):
        return cut_at_seams(x, between)
    require_whole_rows("split", x.spec, (axis,))
    return _part(x, axis, start, stop)


def _part(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    cuts = tuple((start, stop, 1) if k == axis else WHOLE for k in range(x.ndim))
    return apply(Slice, x, cuts=cuts)  # type: ignore[no-any-return]


@symbolic
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """x in parts along `axis`, whose lengths differ by at most one."""
    if not isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis)
    length, parts = as_tensor(x).spec.global_shape[axis], indices_or_sections
    size, longer = divmod(length, parts)
    return split(x, [k * size + min(k, longer) for k in range(1, parts)], axis)


@symbolic
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices of x along `axis`, without that axis."""
    tensor = as_tensor(x)
    place = normalize_axis("unstack", axis, tensor.ndim)
    length = tensor.spec.global_shape[place]
    if num is not None and num != length:
        raise ValueError(f"unstack: expected num={length}, the length of axis {axis}. Received: num={num}")
    require_whole_rows("unstack", tensor.spec, (place,))
    return [squeeze(_part(tensor, place, k, k + 1), place) for k in range(length)]


@symbolic
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """x moved by `shift` places along `axis` (along all of x if None); what leaves at the end enters at the start."""
    tensor = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(tensor), shift, 0), tensor.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    shifts = [shift] * len(axes) if isinstance(shift, int) else list(shift)
    for a, s in zip(axes, shifts, strict=True):
        place = normalize_axis("roll", a, tensor.ndim)
        require_whole_rows("roll", tensor.spec, (place,))
        length = tensor.spec.shape[place]
        cut = -s % length if length else 0
        if cut:
            tensor = concatenate([_part(tensor, place, cut, length), _part(tensor, place, 0, cut)], place)
    return tensor


@symbolic
def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """x in parts along its second axis (the first, if it has only one)."""
    return split(x, indices_or_sections, 0 if as_tensor(x).ndim == 1 else 1)


@symbolic
def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """x in parts along its first axis."""
    return split(x, indices_or_sections, 0)


@symbolic
def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """The differences between neighbours along `axis`, taken `n` times."""
    x = as_tensor(a)
    place = normalize_axis("diff", axis, x.ndim)
    require_whole_rows("diff", x.spec, (place,))
    for _ in range(n):
        length = x.spec.shape[place]
        x = _part(x, place, 1, length) - _part(x, place, 0, length - 1)
    return x
