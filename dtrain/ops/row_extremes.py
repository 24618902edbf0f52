"""Extremes and products over the rows of a batch that several processes hold parts of: the numbers of one process.

What each process finds among its own rows is put into a table with a row for each of them; a sum over processes gives
all of them the whole table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, StepContext, Tensor, apply
from dtrain.graph.trace import batch_pieces

from .collective import AllSum
from .comparison import equal, isnan, logical_or
from .creation import cast
from .reduction import Axes, expand, reduced_spec


class LocalExtreme(Op):
    """y = largest (`sign` 1) or smallest (-1) of this process's elements; without any, what is never the extreme."""

    @staticmethod
    def spec(x: Spec, *, axes: Axes, sign: int) -> Spec:
        return reduced_spec(x, axes, True)

    @staticmethod
    def forward(x: Array, y: Array, *, axes: Axes, sign: int) -> None:
        limits = np.iinfo(y.dtype) if y.dtype.kind in "iu" else None
        lowest, highest = (limits.min, limits.max) if limits else (-np.inf, np.inf)
        reduce = np.maximum.reduce if sign > 0 else np.minimum.reduce
        reduce(x, axis=axes, keepdims=True, out=y, initial=lowest if sign > 0 else highest)


class InOwnRow(Op):
    """y = a row for each process, 0 but for this one's, which is x."""

    @staticmethod
    def spec(x: Spec, *, pieces: int) -> Spec:
        return Spec((pieces, *x.shape), x.dtype)

    @staticmethod
    def forward(x: Array, y: Array, *, context: StepContext) -> None:
        y.fill(0)
        y[context.rank] = x

    @staticmethod
    def dx(dy: Array, dx: Array, *, context: StepContext) -> None:
        np.copyto(dx, dy[context.rank])


class Pick(Op):
    """y = the largest (`sign` 1) or smallest (-1) row of a table, element by element."""

    @staticmethod
    def spec(x: Spec, *, sign: int) -> Spec:
        return Spec(x.shape[1:], x.dtype)

    @staticmethod
    def forward(x: Array, y: Array, *, sign: int) -> None:
        (np.maximum.reduce if sign > 0 else np.minimum.reduce)(x, axis=0, out=y)


class Ties(Op):
    """y = how many of this process's elements are the extreme one"""

    @staticmethod
    def spec(x: Spec, extreme: Spec, *, axes: Axes) -> dict[str, Spec]:
        return {"y": extreme.with_dtype(np.float64), "mask": x.with_dtype(np.bool_)}

    @staticmethod
    def forward(x: Array, extreme: Array, y: Array, mask: Array, *, axes: Axes) -> None:
        np.equal(x, extreme, out=mask)
        np.add.reduce(mask, axis=axes, keepdims=True, dtype=y.dtype, out=y)


class Shared(Op):
    """y = the extreme one on the first process and 0 on the others; its gradient is shared equally among the ties."""

    @staticmethod
    def spec(x: Spec, extreme: Spec, ties: Spec, *, axes: Axes, keepdims: bool) -> dict[str, Spec]:
        return {"y": reduced_spec(x, axes, keepdims), "share": extreme}

    @staticmethod
    def forward(extreme: Array, y: Array, *, context: StepContext) -> None:
        if context.rank == 0:
            np.copyto(y, extreme.reshape(y.shape))
        else:
            y.fill(0)

    @staticmethod
    def dx(dy: Array, x: Array, extreme: Array, ties: Array, share: Array, dx: Array, *, axes: Axes) -> None:
        np.divide(expand(dy, axes, x.ndim), ties, out=share)
        np.multiply(np.equal(x, extreme), share, out=dx)


def needs_all_processes(x: Tensor, axes: Any) -> bool:
    """Whether a reduction over `axes` takes rows from several processes or micro-shards."""
    return x.spec.batch in axes and batch_pieces() > 1


def extreme_of_rows(x: Tensor, axes: Axes, keepdims: bool, sign: int) -> Tensor:
    """The largest (`sign` 1) or smallest (-1) element over axes that include the batch's."""
    if x.spec.dtype == np.bool_:  # which no process can add up
        return cast(extreme_of_rows(cast(x, np.int8), axes, keepdims, sign), np.bool_)
    extreme = apply(Pick, table_of(apply(LocalExtreme, x, axes=axes, sign=sign)), sign=sign)
    ties = apply(AllSum, apply(Ties, x, extreme, axes=axes))
    part = apply(Shared, x, extreme, ties, axes=axes, keepdims=keepdims)
    return apply(AllSum, part)  # type: ignore[no-any-return]


def table_of(part: Tensor) -> Tensor:
    """What each process holds of a value, one row for each of them, on all of them."""
    return apply(AllSum, apply(InOwnRow, part, pieces=batch_pieces()))  # type: ignore[no-any-return]


def same_as(x: Tensor, extreme: Tensor) -> Tensor:
    """Where x is the extreme one; NaN is the extreme one where there is one."""
    found = equal(x, extreme)
    return logical_or(found, isnan(x)) if x.spec.is_float else found
