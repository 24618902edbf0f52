"""Values written to given places, and sums of values that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .choice import where
from .creation import cast, known_value, zeros
from .indexing import check_range
from .rows import require_same_rows, require_whole_rows

REDUCTIONS = (None, "add")


def _places(indices: Array, x: Array) -> Any:
    for axis in range(indices.shape[-1]):
        check_range("scatter", indices[..., axis], x.shape[axis])
    return tuple(np.moveaxis(indices, -1, 0))


class ScatterUpdate(Op):
    """y = x with updates written (or added) at x[indices].   indices (..., K): places on the first K axes of x"""

    @staticmethod
    def spec(x: Spec, indices: Spec, updates: Spec, *, add: bool) -> Spec:
        for operand in (x, indices, updates):
            require_whole_rows("scatter_update", operand, range(operand.ndim))
        return x

    @staticmethod
    def forward(x: Array, indices: Array, updates: Array, y: Array, *, add: bool) -> None:
        np.copyto(y, x)
        if add:
            np.add.at(y, _places(indices, x), updates)
        else:
            y[_places(indices, x)] = updates

    @staticmethod
    def dx(dy: Array, indices: Array, dx: Array, *, add: bool) -> None:
        np.copyto(dx, dy)
        if not add:
            dx[_places(indices, dx)] = 0

    @staticmethod
    def dupdates(dy: Array, indices: Array, dupdates: Array) -> None:
        np.copyto(dupdates, dy[_places(indices, dy)])


class SliceUpdate(Op):
    """y = x with updates written to the block that begins at `starts`."""

    @staticmethod
    def spec(x: Spec, updates: Spec, *, starts: tuple[int, ...]) -> Spec:
        lengths = x.global_shape
        outside = [k for k, n in enumerate(updates.global_shape) if starts[k] < 0 or starts[k] + n > lengths[k]]
        if outside:
            raise ValueError(
                f"slice_update: expected a block inside of {x.global_shape}. "
                f"Received: start_indices={starts}, updates.shape={updates.global_shape}"
            )
        require_same_rows("slice_update", x, updates)
        require_whole_rows("slice_update", x, [k for k, n in enumerate(updates.global_shape) if n != lengths[k]])
        return x

    @staticmethod
    def forward(x: Array, updates: Array, y: Array, *, starts: tuple[int, ...]) -> None:
        np.copyto(y, x)
        np.copyto(y[_block(starts, updates)], updates)

    @staticmethod
    def dx(dy: Array, updates: Array, dx: Array, *, starts: tuple[int, ...]) -> None:
        np.copyto(dx, dy)
        dx[_block(starts, updates)] = 0

    @staticmethod
    def dupdates(dy: Array, dupdates: Array, *, starts: tuple[int, ...]) -> None:
        np.copyto(dupdates, dy[_block(starts, dupdates)])


def _block(starts: tuple[int, ...], updates: Array) -> tuple[slice, ...]:
    return tuple(slice(start, start + n) for start, n in zip(starts, updates.shape, strict=True))


@symbolic
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """The inputs with `updates` written at `indices`; with `reduction="add"` added there, repeated places included.

    Args:
        indices: of shape (..., K): places on the first K axes.
        updates: of shape `indices.shape[:-1] + inputs.shape[K:]`.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"scatter_update: expected reduction None or 'add'. Received: reduction={reduction!r}")
    x = as_tensor(inputs)
    return apply(ScatterUpdate, x, as_tensor(indices), cast(updates, x.dtype), add=reduction == "add")  # type: ignore[no-any-return]


@symbolic
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Tensor:
    """Zeros of `shape` to which `values` are added at `indices`."""
    v = as_tensor(values)
    return scatter_update(zeros(shape, v.dtype), indices, v, "add")


@symbolic
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """The inputs with the block that begins at `start_indices` replaced by `updates`."""
    x = as_tensor(inputs)
    starts = tuple(int(i) for i in np.asarray(start_indices))
    return apply(SliceUpdate, x, cast(updates, x.dtype), starts=starts)  # type: ignore[no-any-return]


@symbolic
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """y[k] = sum of the rows of data whose segment id is k; a row with a negative id is left out.

    `num_segments` may be left out where the ids are known: it is then one more than the largest.
    """
    x, count = as_tensor(data), segment_count("segment_sum", segment_ids, num_segments)
    ids, slots = segment_slots(segment_ids, count)
    return scatter(ids[..., None], x, (slots, *x.shape[ids.ndim :]))[:count]  # type: ignore[no-any-return]


def segment_slots(segment_ids: Any, count: int) -> tuple[Tensor, int]:
    """Ids and the number of segments, with one segment more for rows with negative ids if there may be some."""
    ids, known = as_tensor(segment_ids), known_value(segment_ids)
    if known is not None and np.min(known, initial=0) >= 0:
        return ids, count
    if known is not None:
        check_range("segment_ids", known, count)
    return where(ids < 0, np.asarray(count, ids.dtype), ids), count + 1


def segment_count(name: str, segment_ids: Any, given: int | None) -> int:
    """The number of segments: as given, or one more than the largest id where the ids are known."""
    if given is not None:
        return given
    known = known_value(segment_ids)
    if known is None:
        raise ValueError(f"{name}: expected `num_segments` in a model, where the ids are not known yet")
    return int(known.max(initial=-1)) + 1
