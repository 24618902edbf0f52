"""What all recurrent layers share: the walk over time, masks, and gradients of weights summed over time.

N sequences, T steps, I inputs, U units, G gates. Inside, every array is (..., features, N): the gates of a step are
then contiguous blocks of one matrix product. `hidden` has a last row of ones, so that a product with recurrent
weights beside their bias adds the bias for free.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .scratch import scratch

Array = NDArray[Any]


class Cell(Protocol):
    """One step forward and one back, of all sequences at once."""

    histories: list[Array]
    """Per state (T + 1, U or more, N): what it is before step s, at index s."""
    slopes: list[Array]
    """Per state (U, N): the gradient of the loss with respect to it, before `back` as it is after the step."""

    def step(self, s: int, x: Array) -> None:
        """Fill index s + 1 of the histories from index s and the inputs x (N, I)."""

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        """Turn `slopes` into what they are before step s; overwrite dx (N, I); add to the weights' gradients."""


def run(
    cell: Cell, x: Array, mask: Array, starts: list[Array], y: Array, ends: list[Array],
    go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """Run the cell over x (N, T, I) from the states `starts` (N, U); write the states after it to `ends`.

    y (N, T, U) takes the outputs in the order of the steps, y (N, 1, U) the last one. Where `mask` (N, T; empty for
    none) is false, states stay and the previous output (0 at first, and always with `zero_output`) is repeated.
    """
    units, steps = y.shape[2], x.shape[1]
    for history, start in zip(cell.histories, starts, strict=True):
        history[0, :units] = start.T
        history[:, units:] = 1
    whole = y.shape[1] == steps
    for s in range(steps):
        t = steps - 1 - s if go_backwards else s
        cell.step(s, x[:, t])
        target = y[:, s if whole else 0]
        if mask.size:
            valid = mask[:, t]
            absent = np.logical_not(valid, out=scratch("absent", valid.shape, np.bool_))
            for history in cell.histories:
                np.copyto(history[s + 1, :units], history[s, :units], where=absent)
            if zero_output or s == 0:
                target[...] = 0
            elif whole:
                np.copyto(target, y[:, s - 1])
            np.copyto(target, cell.histories[0][s + 1, :units].T, where=valid[:, None])
        elif whole or s == steps - 1:
            np.copyto(target, cell.histories[0][s + 1, :units].T)
    for history, end in zip(cell.histories, ends, strict=True):
        end[...] = history[steps, :units].T


def run_back(
    cell: Cell, x: Array, mask: Array, dy: Array | None, dends: list[Array | None], dx: Array | None,
    dstarts: list[Array | None], go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """The gradients of what `run` computed, those of the weights by way of the cell."""
    steps = x.shape[1]
    for slope, dend in zip(cell.slopes, dends, strict=True):
        slope[...] = 0 if dend is None else dend.T
    held: list[Array] = []
    if mask.size:
        like = cell.slopes[0]
        waiting = scratch("waiting", like.shape, like.dtype)  # of outputs that masked steps repeated
        waiting[...] = 0
        valued = scratch("valued", like.shape, like.dtype)
        valid, absent = (scratch(name, like.shape[1:], like.dtype) for name in ("valid", "not valid"))  # 1 or 0 per row
        held = [scratch(f"held {k}", like.shape, like.dtype) for k in range(len(cell.slopes))]
    for s in range(steps - 1, -1, -1):
        t = steps - 1 - s if go_backwards else s
        g = _output_gradient(dy, s, steps)
        if mask.size:
            np.copyto(valid, mask[:, t])
            np.subtract(1, valid, out=absent)
            if g is not None:
                np.add(waiting, g, out=waiting)
            np.multiply(waiting, valid, out=valued)
            np.add(cell.slopes[0], valued, out=cell.slopes[0])
            np.multiply(waiting, 0 if zero_output else absent, out=waiting)
            for slope, hold in zip(cell.slopes, held, strict=True):
                np.multiply(slope, absent, out=hold)
                np.multiply(slope, valid, out=slope)
        elif g is not None:
            np.add(cell.slopes[0], g, out=cell.slopes[0])
        cell.back(s, x[:, t], None if dx is None else dx[:, t])
        for slope, hold in zip(cell.slopes, held, strict=False):
            np.add(slope, hold, out=slope)
    for slope, dstart in zip(cell.slopes, dstarts, strict=True):
        if dstart is not None:
            dstart[...] = slope.T


def _output_gradient(dy: Array | None, s: int, steps: int) -> Array | None:
    """The gradient (U, N) of the output of step s."""
    if dy is None or (dy.shape[1] != steps and s != steps - 1):
        return None
    return dy[:, s if dy.shape[1] == steps else 0].T


def gate_rows(w: Array, order: tuple[int, ...], scale: tuple[float, ...] | None, rows: Array) -> Array:
    """w (I, G U) with its gates as rows (G U, I), in another order and scaled, into `rows`."""
    units = w.shape[1] // len(order)
    for place, gate in enumerate(order):
        block = w[:, gate * units : (gate + 1) * units].T
        np.multiply(block, 1 if scale is None else scale[place], out=rows[place * units : (place + 1) * units])
    return rows


def gate_columns(rows: Array, order: tuple[int, ...], w: Array) -> None:
    """The reverse of `gate_rows`, into w."""
    units = w.shape[1] // len(order)
    for place, gate in enumerate(order):
        w[:, gate * units : (gate + 1) * units] = rows[place * units : (place + 1) * units].T


def stack_bias(u: Array, b: Array) -> Array:
    """u (U, G U) with the bias (G U,) as one more row."""
    stacked = scratch("stacked", (len(u) + 1, u.shape[1]), u.dtype)
    stacked[:-1] = u
    stacked[-1] = b
    return stacked


class Sum:
    """A sum of matrix products."""

    def __init__(self, name: str, shape: tuple[int, ...], like: Array) -> None:
        self.total = scratch(f"{name} total", shape, like.dtype)
        self.total[...] = 0
        self._part = scratch(f"{name} part", shape, like.dtype)

    def add(self, a: Array, b: Array) -> None:
        np.matmul(a, b, out=self._part)
        np.add(self.total, self._part, out=self.total)


def half_sigmoid(x: Array) -> None:
    """x = sigmoid(2 x) for x that holds tanh(x) already: the gates were scaled by a half before the tanh."""
    np.multiply(x, 0.5, out=x)
    np.add(x, 0.5, out=x)
