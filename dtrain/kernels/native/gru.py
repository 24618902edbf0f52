"""Gated recurrent unit: matrix products by the BLAS of NumPy, the rest of a time step in one or two passes."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy import gru as reference
from dtrain.kernels.numpy.recurrent import Array, gate_columns, run, run_back

from . import _native
from .recurrent import can_take


class _Cell(reference._Cell):
    def step(self, s: int, x: Array) -> None:
        units, a, inner = self.units, self.gates[s], self.inner[s]
        h, after = self.hidden[s, :units], self.hidden[s + 1, :units]
        z, r, g = a.reshape(3, units, -1)
        np.matmul(self.w, x.T, out=a)
        products = self.sums if self.reset_after else self.sums[: 2 * units]
        np.matmul(self.u[: len(products)], self.hidden[s], out=products)
        _native.gru_gates(a[: 2 * units], products[: 2 * units])
        b = np.ascontiguousarray(self.b[:, 0])
        if self.reset_after:
            np.copyto(inner, products[2 * units :])
            _native.gru_step(z, r, g, inner, b, h, after)
        else:
            np.multiply(r, h, out=inner)
            np.matmul(self.u[2 * units :, :units], inner, out=self.small)
            _native.gru_step(z, None, g, self.small, b, h, after)

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        units, small, d, dh = self.units, self.small, self.sums, self.slopes[0]
        z, r, g = self.gates[s].reshape(3, units, -1)
        h, inner = self.hidden[s, :units], self.inner[s]
        _, dr, dg = d.reshape(3, units, -1)
        _native.gru_back(z, g, h, dh, d)
        if self.reset_after:
            np.multiply(dg, inner, out=dr)
            np.multiply(dg, r, out=g)  # the gradient of h U: the gate itself is not needed any more
            self.dv.add(g, self.hidden[s].T)
            np.matmul(self.back_u[:, 2 * units :], g, out=small)
        else:
            np.matmul(self.back_u[:, 2 * units :], dg, out=small)
            np.multiply(small, h, out=dr)
            np.multiply(small, r, out=small)
            self.dv.add(dg, inner.T)
        np.add(dh, small, out=dh)
        np.subtract(1, r, out=small)
        np.multiply(small, r, out=small)
        np.multiply(dr, small, out=dr)
        np.matmul(self.back_u[:, : 2 * units], d[: 2 * units], out=small)
        np.add(dh, small, out=dh)
        self.dw.add(d, x)
        self.du.add(d[: 2 * units], self.hidden[s].T)
        self.db.add(d, self.ones)
        if dx is not None:
            np.matmul(d.T, self.w, out=dx)


def forward(
    x: Array, h0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array,
    gates: Array, hidden: Array, inner: Array, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    if not can_take(w, gates, hidden, inner):
        reference.forward(
            x, h0, w, u, b, mask, y, h, gates, hidden, inner, go_backwards=go_backwards, zero_output=zero_output
        )
        return
    run(_Cell(w, u, b, (gates, hidden, inner), True), x, mask, [h0], y, [h], go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
    gates: Array, hidden: Array, inner: Array, dx: Array | None, dh0: Array | None,
    dw: Array | None, du: Array | None, db: Array | None, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    if not can_take(w, gates, hidden, inner):
        reference.backward(
            dy, dh, x, w, u, b, mask, gates, hidden, inner, dx, dh0, dw, du, db,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip
        return
    cell = _Cell(w, u, b, (gates, hidden, inner), False)
    cell.start_back()
    run_back(cell, x, mask, dy, [dh], dx, [dh0], go_backwards, zero_output)
    units = cell.units
    if dw is not None:
        gate_columns(cell.dw.total, reference._ORDER, dw)
    if du is not None:
        gate_columns(np.vstack((cell.du.total[:, :units], cell.dv.total[:, :units])), reference._ORDER, du)
    if db is not None and cell.reset_after:
        db[0] = cell.db.total
        db[1] = np.concatenate((cell.du.total[:, -1], cell.dv.total[:, -1]))
    elif db is not None:
        db[...] = cell.db.total
