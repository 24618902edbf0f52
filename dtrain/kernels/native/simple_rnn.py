"""The simple recurrent layer: matrix products by the BLAS of NumPy, the rest of a time step in one pass."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy import simple_rnn as reference
from dtrain.kernels.numpy.recurrent import Array
from dtrain.kernels.numpy.simple_rnn import Cell

from . import _native
from .elementwise import ACTIVATIONS
from .recurrent import can_take


class _Cell(Cell):
    def step(self, s: int, x: Array) -> None:
        h = self.hidden[s + 1, : self.units]
        np.matmul(self.w, x.T, out=h)
        np.matmul(self.u, self.hidden[s], out=self.sums)
        _native.add_activate(ACTIVATIONS[self.activation], self.sums, h)

    def slope(self, s: int, d: Array) -> None:
        _native.slope(ACTIVATIONS[self.activation], self.slopes[0], self.hidden[s + 1, : self.units], d)


def forward(
    x: Array, h0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, hidden: Array,
    *, activation: str, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    cell = _Cell if can_take(w, hidden) else Cell
    reference.walk(cell(w, u, b, hidden, activation), x, h0, mask, y, h, go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array, hidden: Array,
    dx: Array | None, dh0: Array | None, dw: Array | None, du: Array | None, db: Array | None,
    *, activation: str, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    cell = _Cell if can_take(w, hidden) else Cell
    reference.walk_back(
        cell(w, u, b, hidden, activation), x, mask, dy, dh, dx, dh0, dw, du, db, go_backwards, zero_output
    )
