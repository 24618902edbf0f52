"""The rows of the batch, divided among processes, as one value that all of them hold whole, and each one's own again.

Both change where a value is and not what it is, so that they stand wherever an op cannot work on rows as they lie.
Gathering costs a sum over processes of all rows in the forward pass and one in the backward pass, memory for them on
every process, and that what follows is computed by every process until its own rows are taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Rows, Spec, StepContext, Tensor, Variable, apply, as_tensor, current_trace
from dtrain.graph.nest import flatten, map_structure
from dtrain.graph.spec import DividedRows, parts_of

from .collective import AllSum
from .creation import cast
from .places import Places, places_of


class Spread(Op):
    """y = a whole value with this process's rows x in their places, else 0: its part of a sum that has all rows."""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return Spec(x.global_shape, x.dtype)

    @staticmethod
    def forward(x: Array, y: Array, *, places: Places, context: StepContext) -> None:
        y.fill(-0.0)  # which changes no number that is added to it, not even the sign of a zero
        for whole, own in _runs(y, x, places, context):
            np.copyto(whole, own)

    @staticmethod
    def dx(dy: Array, dx: Array, *, places: Places, context: StepContext) -> None:
        for whole, own in _runs(dy, dx, places, context):
            np.copyto(own, whole)


class OwnRows(Op):
    """y = this process's rows of x, which all processes hold whole, along `axis`"""

    @staticmethod
    def spec(x: Spec, *, axis: int, rows: Rows) -> Spec:
        return Spec((*x.shape[:axis], rows.own, *x.shape[axis + 1 :]), x.dtype, axis, rows.total)

    @staticmethod
    def forward(x: Array, y: Array, *, places: Places, context: StepContext) -> None:
        for whole, own in _runs(x, y, places, context):
            np.copyto(own, whole)

    @staticmethod
    def dx(dy: Array, dx: Array, *, places: Places, context: StepContext) -> None:
        dx.fill(0)
        for whole, own in _runs(dx, dy, places, context):
            np.copyto(whole, own)


def _runs(whole: Array, own: Array, places: Places, context: StepContext) -> Iterator[tuple[Array, Array]]:
    """Views of a whole value and of this process's rows of it, run by run, that belong together."""
    assert places.axis is not None  # noqa: S101 - there are rows
    lead = (slice(None),) * places.axis
    for start, first, count in places.runs(own.shape[places.axis], context):
        yield whole[(*lead, slice(first, first + count))], own[(*lead, slice(start, start + count))]


def all_rows(x: Tensor) -> Tensor:
    """x with the rows of all processes, in the order of one, whole on each of them."""
    if not x.spec.divided:
        return x
    trace = current_trace()
    known = {} if trace is None or x.trace is not trace else trace.gathered
    if x.index not in known:
        known[x.index] = _sum_of_parts(x)
    return known[x.index]


def _sum_of_parts(x: Tensor) -> Tensor:
    if x.spec.dtype == np.bool_:  # which no process can add up
        return cast(_sum_of_parts(cast(x, np.int8)), np.bool_)
    return apply(AllSum, apply(Spread, x, places=places_of(x.spec)))  # type: ignore[no-any-return]


def own_rows(x: Tensor, axis: int, rows: Rows) -> Tensor:
    """This process's rows of x, whole on all of them, where `axis` holds such rows."""
    places = places_of(Spec((), x.spec.dtype, axis, rows.total))
    return apply(OwnRows, x, axis=axis, rows=rows, places=places)  # type: ignore[no-any-return]


def _with_rows(x: Tensor, axis: int, rows: Rows) -> Tensor:
    """x with these rows on this axis, divided alike, if it has as many there, else whole."""
    if x.spec.divided and x.spec.batch == axis and x.spec.parts == parts_of(rows.total):
        return x
    x = all_rows(x)
    fits = 0 <= axis < x.ndim and x.spec.batch is None and x.spec.shape[axis] == rows.total
    return own_rows(x, axis, rows) if fits else x


def laid_alike(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two values whose first axes are the same, with the same rows on the same axis if one of them is divided."""
    if y.spec.divided and y.spec.batch is not None:
        return _with_rows(x, y.spec.batch, y.spec.rows), y
    if x.spec.divided and x.spec.batch is not None:
        return x, _with_rows(y, x.spec.batch, x.spec.rows)
    return x, y


def rows_first(*xs: Tensor) -> list[Tensor]:
    """Values whose first axes are those of rows, with the same ones divided alike if one of them is divided."""
    found = [x if x.spec.batch == 0 else all_rows(x) for x in xs]
    first = next((x for x in found if x.spec.divided), None)
    return found if first is None else [_with_rows(x, 0, first.spec.rows) for x in found]


def call_gathered(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], refused: DividedRows
) -> Any:
    """Call a function of ops that has refused operands whose rows are divided, with these rows where it can use them.

    Raises:
        DividedRows: none of its arguments holds the rows.
    """
    met = False
    while True:
        place, met = None if met else refused.meeting, True
        found = _met(args, kwargs, *place) if place else _gathered(args, kwargs, refused.spec)
        if found is None:
            if place:
                continue
            raise refused
        args, kwargs = found
        try:
            return function(*args, **kwargs)
        except DividedRows as again:
            refused = again


Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def _met(args: Any, kwargs: Any, from_end: int, rows: Rows) -> Arguments | None:
    """Arguments whose rows lie on one axis, counted from the end, where they are divided alike; None: they do."""

    def meet(leaf: Any) -> Any:
        if not isinstance(leaf, (Tensor, Variable, np.ndarray)):
            return leaf
        tensor = as_tensor(leaf)
        found = _with_rows(tensor, tensor.ndim - from_end, rows)
        return leaf if found is tensor else found

    return _changed(meet, args, kwargs)


def _gathered(args: Any, kwargs: Any, spec: Spec | None) -> Arguments | None:
    """Arguments with all rows of those that have this spec (of all if none has it); None: no rows are divided."""
    divided = [leaf for leaf in flatten((args, kwargs)) if isinstance(leaf, Tensor) and leaf.spec.divided]
    chosen = {id(leaf) for leaf in divided if leaf.spec is spec} or {id(leaf) for leaf in divided}
    return _changed(lambda leaf: all_rows(leaf) if id(leaf) in chosen else leaf, args, kwargs)


def _changed(function: Callable[[Any], Any], args: Any, kwargs: Any) -> Arguments | None:
    before = flatten((args, kwargs))
    found: Arguments = map_structure(function, (args, kwargs))
    return found if any(a is not b for a, b in zip(before, flatten(found), strict=True)) else None
