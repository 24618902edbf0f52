"""Rows of a table by their numbers, and the sum of gradients by row, without a loop over the rows.

V rows of D values: `w` (V, D); `x` (...) row numbers; `y` (..., D).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BLOCK_BYTES = 1 << 18
_ROUNDS = 8


def block_rows(width: int, itemsize: int) -> int:
    """The number of rows that `scatter_add` treats together."""
    return max(1, _BLOCK_BYTES // max(1, width * itemsize))


def gather(x: Array, w: Array, y: Array) -> None:
    """y = w[x].

    Raises:
        IndexError: if a number is not in [0, V).
    """
    if x.size and not 0 <= (low := int(x.min())) <= (high := int(x.max())) < len(w):
        wrong = low if low < 0 else high
        raise IndexError(
            f"embedding: expected indices in [0, {len(w)}), the number of rows of the table. Received: index {wrong}"
        )
    np.take(w, x.reshape(-1), axis=0, out=y.reshape(x.size, w.shape[1]), mode="clip")


def scatter_add(x: Array, dy: Array, dw: Array, scratch: Array) -> None:
    """dw[v] = sum of the rows of dy whose number in x is v. `scratch` (2, block_rows, D).

    Round r adds the r-th occurrence of every number, so that no number comes twice in a round; what is left of the
    numbers that come very often is summed number by number.
    """
    dw[...] = 0
    if not x.size:
        return
    numbers, rows = x.reshape(-1), dy.reshape(x.size, dw.shape[1])
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    first = np.ones(x.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    counts = np.diff(starts, append=x.size)
    targets = ordered[starts]
    for occurrence in range(min(_ROUNDS, int(counts.max()))):
        again = np.flatnonzero(counts > occurrence)
        _add_distinct(rows, order[starts[again] + occurrence], dw, targets[again], scratch, bool(occurrence))
    for group in np.flatnonzero(counts > _ROUNDS):
        rest = order[starts[group] + _ROUNDS : starts[group] + counts[group]]
        _add_all(rows, rest, dw[targets[group]], scratch[0])


def _add_distinct(rows: Array, chosen: Array, dw: Array, targets: Array, scratch: Array, occupied: bool) -> None:
    """Add the chosen rows to the targets, all different; `occupied` tells that these hold something already."""
    block = scratch.shape[1]
    for start in range(0, len(chosen), block):
        where = targets[start : start + block]
        values, sums = scratch[:, : len(where)]
        np.take(rows, chosen[start : start + block], axis=0, out=values, mode="clip")
        if occupied:
            np.take(dw, where, axis=0, out=sums, mode="clip")
            np.add(values, sums, out=values)
        dw[where] = values


def _add_all(rows: Array, chosen: Array, target: Array, buffer: Array) -> None:
    """Add all the chosen rows to one target."""
    for start in range(0, len(chosen), len(buffer)):
        some = chosen[start : start + len(buffer)]
        values = np.take(rows, some, axis=0, out=buffer[: len(some)], mode="clip")
        np.add(target, np.add.reduce(values, axis=0), out=target)
