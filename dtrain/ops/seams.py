"""Cuts of a concatenation along the batch axis, at the places where its parts meet."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, join


class Part(Op):
    """y = the parts `first` to `last` (excluded) of x, whose rows, of `edges[-1]`, begin and end at `edges`."""

    @staticmethod
    def spec(x: Spec, *, first: int, last: int) -> Spec:
        assert x.batch is not None  # noqa: S101 - it has parts
        total = join(x.parts[first:last])
        local = x.shape[x.batch] * total // x.total if x.total else 0
        return Spec((*x.shape[: x.batch], local, *x.shape[x.batch + 1 :]), x.dtype, x.batch, total)

    @staticmethod
    def forward(x: Array, y: Array, *, first: int, axis: int, edges: tuple[int, ...]) -> None:
        np.copyto(y, x[_place(x, y, first, axis, edges)])

    @staticmethod
    def dx(dy: Array, dx: Array, *, first: int, axis: int, edges: tuple[int, ...]) -> None:
        dx.fill(0)
        np.copyto(dx[_place(dx, dy, first, axis, edges)], dy)


def _place(x: Array, y: Array, first: int, axis: int, edges: tuple[int, ...]) -> tuple[slice, ...]:
    start = x.shape[axis] * edges[first] // edges[-1] if edges[-1] else 0
    return (slice(None),) * axis + (slice(start, start + y.shape[axis]),)


def is_cut_at_seams(x: Spec, axis: int, key: slice) -> bool:
    """Whether `key` takes some whole parts of the rows on `axis`."""
    return axis == x.batch and len(x.parts) > 1 and key.step in (None, 1) and _parts_between(x, key) is not None


def cut_at_seams(x: Tensor, key: slice) -> Tensor:
    """The parts of the rows of x that `key` takes."""
    found = _parts_between(x.spec, key)
    assert found is not None  # noqa: S101 - `is_cut_at_seams`
    if found == (0, len(x.spec.parts)):
        return x
    edges = tuple(accumulate(x.spec.parts, initial=0))
    return apply(Part, x, first=found[0], last=found[1], axis=x.spec.batch, edges=edges)  # type: ignore[no-any-return]


def _parts_between(x: Spec, key: slice) -> tuple[int, int] | None:
    edges = list(accumulate(x.parts, initial=0))
    first, last = (_seam(edges, place, otherwise) for place, otherwise in ((key.start, 0), (key.stop, edges[-1])))
    return None if first is None or last is None or first >= last else (first, last)


def _seam(edges: list[int], place: Any, otherwise: int) -> int | None:
    """The number of the part that begins at a place among the rows of the global batch."""
    if place is None:
        return edges.index(otherwise)
    wanted = int(place)
    wanted = max(0, wanted + edges[-1]) if wanted < 0 else min(wanted, edges[-1])
    return edges.index(wanted) if wanted in edges else None
