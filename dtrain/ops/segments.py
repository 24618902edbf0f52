"""Extremes and products of rows that belong together. S segments."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .indexing import check_range
from .rows import require_same_rows, require_whole_rows
from .scatter import segment_count, segment_slots


class _Segments(Op):
    """y[k] = all rows of x with id k under one function; an empty segment keeps the function's neutral value."""

    @staticmethod
    def spec(x: Spec, ids: Spec, *, count: int) -> Spec:
        require_same_rows("segments", x, ids)
        require_whole_rows("segments", x, (0,))
        return Spec((count, *x.shape[1:]), x.dtype)


def _combine(rule: np.ufunc, neutral: Any, x: Array, ids: Array, y: Array) -> None:
    check_range("segment_ids", ids, len(y))
    y.fill(neutral)
    rule.at(y, ids, x)


def _limit(dtype: np.dtype[Any], low: bool) -> Any:
    if dtype.kind == "f":
        return -np.inf if low else np.inf
    return np.iinfo(dtype).min if low else np.iinfo(dtype).max


class _Extreme(_Segments):
    @staticmethod
    def dx(dy: Array, x: Array, ids: Array, y: Array, dx: Array, *, count: int) -> None:
        """Shared equally among the rows that hold the extreme."""
        np.equal(x, y[ids], out=dx, casting="unsafe")
        share = np.zeros_like(y)
        np.add.at(share, ids, dx)
        dx *= dy[ids] / share[ids]


class SegmentMax(_Extreme):
    """y[k] = largest of the rows with id k, -inf of none"""

    @staticmethod
    def forward(x: Array, ids: Array, y: Array, *, count: int) -> None:
        _combine(np.maximum, _limit(x.dtype, low=True), x, ids, y)


class SegmentMin(_Extreme):
    """y[k] = smallest of the rows with id k, inf of none"""

    @staticmethod
    def forward(x: Array, ids: Array, y: Array, *, count: int) -> None:
        _combine(np.minimum, _limit(x.dtype, low=False), x, ids, y)


class SegmentProd(_Segments):
    """y[k] = product of the rows with id k, 1 of none"""

    @staticmethod
    def forward(x: Array, ids: Array, y: Array, *, count: int) -> None:
        _combine(np.multiply, 1, x, ids, y)

    @staticmethod
    def dx(dy: Array, x: Array, ids: Array, dx: Array, *, count: int) -> None:
        for row, k in enumerate(ids):
            others = ids == k
            others[row] = False
            np.multiply(dy[k], np.multiply.reduce(x[others], axis=0), out=dx[row])


def _segments(op: type[Op], name: str, data: Any, segment_ids: Any, num_segments: int | None) -> Tensor:
    count = segment_count(name, segment_ids, num_segments)
    ids, slots = segment_slots(segment_ids, count)
    return apply(op, as_tensor(data), ids, count=slots)[:count]  # type: ignore[no-any-return]


@symbolic
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """y[k] = the largest of the rows of data whose segment id is k; arguments as in `segment_sum`."""
    return _segments(SegmentMax, "segment_max", data, segment_ids, num_segments)


@symbolic
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """y[k] = the smallest of the rows of data whose segment id is k; arguments as in `segment_sum`."""
    return _segments(SegmentMin, "segment_min", data, segment_ids, num_segments)


@symbolic
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """y[k] = the product of the rows of data whose segment id is k; arguments as in `segment_sum`."""
    return _segments(SegmentProd, "segment_prod", data, segment_ids, num_segments)
