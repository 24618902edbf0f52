"""The simple recurrent layer: h = tanh(x W + h U + b), or relu, or no activation.   w (I, U), u (U, U), b (U,)"""

from __future__ import annotations

import numpy as np

from .elementwise import activate, scale_by_slope
from .recurrent import Array, Sum, gate_rows, run, run_back, stack_bias
from .scratch import scratch


class Cell:
    """`hidden` (T + 1, U + 1, N)."""

    def __init__(self, w: Array, u: Array, b: Array, hidden: Array, activation: str) -> None:
        self.hidden, self.histories, self.activation = hidden, [hidden], activation
        self.units = len(u)
        self.w = gate_rows(w, (0,), None, scratch("w", w.shape[::-1], w.dtype))
        self.u = gate_rows(stack_bias(u, b), (0,), None, scratch("u", (self.units, self.units + 1), w.dtype))
        self.sums = scratch("sums", (self.units, hidden.shape[2]), w.dtype)

    def step(self, s: int, x: Array) -> None:
        h = self.hidden[s + 1, : self.units]
        np.matmul(self.w, x.T, out=h)
        np.matmul(self.u, self.hidden[s], out=self.sums)
        np.add(h, self.sums, out=h)
        activate(self.activation, h, h)

    def start_back(self) -> None:
        self.slopes = [scratch("dh", self.sums.shape, self.w.dtype)]
        self.mask = scratch("mask", self.sums.shape, np.bool_)
        self.back_u = scratch("back_u", (self.units, self.units), self.w.dtype)
        self.back_u[...] = self.u[:, : self.units].T
        self.dw, self.du = Sum("dw", self.w.shape, self.w), Sum("du", self.u.shape, self.u)

    def slope(self, s: int, d: Array) -> None:
        """d = the gradient before the activation of step s."""
        scale_by_slope(self.activation, self.slopes[0], self.hidden[s + 1, : self.units], d, self.mask)

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        d = self.sums
        self.slope(s, d)
        np.matmul(self.back_u, d, out=self.slopes[0])
        self.dw.add(d, x)
        self.du.add(d, self.hidden[s].T)
        if dx is not None:
            np.matmul(d.T, self.w, out=dx)


def forward(
    x: Array, h0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, hidden: Array,
    *, activation: str, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """Outputs y and last state h; `hidden` is kept for `backward`."""
    walk(Cell(w, u, b, hidden, activation), x, h0, mask, y, h, go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array, hidden: Array,
    dx: Array | None, dh0: Array | None, dw: Array | None, du: Array | None, db: Array | None,
    *, activation: str, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """The gradients that are wanted."""
    walk_back(Cell(w, u, b, hidden, activation), x, mask, dy, dh, dx, dh0, dw, du, db, go_backwards, zero_output)


def walk(
    cell: Cell, x: Array, h0: Array, mask: Array, y: Array, h: Array, go_backwards: bool, zero_output: bool
) -> None:
    """`forward` with this cell."""
    run(cell, x, mask, [h0], y, [h], go_backwards, zero_output)


def walk_back(
    cell: Cell, x: Array, mask: Array, dy: Array | None, dh: Array | None, dx: Array | None, dh0: Array | None,
    dw: Array | None, du: Array | None, db: Array | None, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """`backward` with this cell."""
    cell.start_back()
    run_back(cell, x, mask, dy, [dh], dx, [dh0], go_backwards, zero_output)
    if dw is not None:
        dw[...] = cell.dw.total.T
    if du is not None:
        du[...] = cell.du.total[:, :-1].T
    if db is not None:
        db[...] = cell.du.total[:, -1]
