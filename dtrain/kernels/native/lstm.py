"""Long short-term memory: matrix products by the BLAS of NumPy, the rest of a time step in one pass."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy import lstm as reference
from dtrain.kernels.numpy.recurrent import Array, gate_columns, run, run_back

from . import _native
from .recurrent import can_take


class _Cell(reference._Cell):
    def step(self, s: int, x: Array) -> None:
        z, h = self.gates[s], self.hidden[s + 1, : self.units]
        np.matmul(self.w, x.T, out=z)
        np.matmul(self.u, self.hidden[s], out=self.sums)
        _native.lstm_step(z, self.sums, self.cells[s], self.cells[s + 1], self.tanhs[s], h)

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        (dh, dc), d = self.slopes, self.sums
        _native.lstm_back(self.gates[s], self.tanhs[s], self.cells[s], dh, dc, d)
        np.matmul(self.back_u, d, out=dh)
        self.dw.add(d, x)
        self.du.add(d, self.hidden[s].T)
        if dx is not None:
            np.matmul(d.T, self.w, out=dx)


def forward(
    x: Array, h0: Array, c0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, c: Array,
    gates: Array, hidden: Array, cells: Array, tanhs: Array, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    if not can_take(w, gates, hidden, cells, tanhs):
        reference.forward(
            x, h0, c0, w, u, b, mask, y, h, c, gates, hidden, cells, tanhs,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip
        return
    cell = _Cell(w, u, b, (gates, hidden, cells, tanhs), True)
    run(cell, x, mask, [h0, c0], y, [h, c], go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, dc: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
    gates: Array, hidden: Array, cells: Array, tanhs: Array, dx: Array | None, dh0: Array | None, dc0: Array | None,
    dw: Array | None, du: Array | None, db: Array | None, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    if not can_take(w, gates, hidden, cells, tanhs):
        reference.backward(
            dy, dh, dc, x, w, u, b, mask, gates, hidden, cells, tanhs, dx, dh0, dc0, dw, du, db,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip
        return
    cell = _Cell(w, u, b, (gates, hidden, cells, tanhs), False)
    cell.start_back()
    run_back(cell, x, mask, dy, [dh, dc], dx, [dh0, dc0], go_backwards, zero_output)
    if dw is not None:
        gate_columns(cell.dw.total, reference._ORDER, dw)
    if du is not None:
        gate_columns(cell.du.total[:, :-1], reference._ORDER, du)
    if db is not None:
        gate_columns(cell.du.total[:, -1:], reference._ORDER, db.reshape(1, -1))
