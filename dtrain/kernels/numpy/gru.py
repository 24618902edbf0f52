"""Gated recurrent unit (Cho et al. 2014), with the reset gate after the recurrent product or before it.

    z, r = sigmoid(x W + h U + b),   h' = z h + (1 - z) g
    g = tanh(x W + b_in + r (h U + b_rec))   with `b` (2, 3U): reset after
    g = tanh(x W + b + (r h) U)              with `b` (3U,): reset before

`w` (I, 3U) and `u` (U, 3U) hold the gates in the order z, r, g. Inside, z and r are scaled by a half, since
sigmoid(x) = (tanh(x / 2) + 1) / 2.
"""

from __future__ import annotations

import numpy as np

from .recurrent import Array, Sum, gate_columns, gate_rows, half_sigmoid, run, run_back, stack_bias
from .scratch import scratch

_ORDER = (0, 1, 2)
_SCALE = (0.5, 0.5, 1.0)


class _Cell:
    """`gates` (T, 3U, N), `hidden` (T + 1, U + 1, N), `inner` (T, U, N): h U + b_rec, or r h, of the gate g."""

    def __init__(self, w: Array, u: Array, b: Array, saved: tuple[Array, Array, Array], forward: bool) -> None:
        self.gates, self.hidden, self.inner = saved
        self.histories = [self.hidden]
        self.units, self.reset_after = len(u), b.ndim == 2
        scale = _SCALE if forward else None
        width, n = 3 * self.units, self.gates.shape[2]
        self.w = gate_rows(w, _ORDER, scale, scratch("w", (width, len(w)), w.dtype))
        together = b.sum(axis=0) if self.reset_after else b.copy()
        together[2 * self.units :] = b[1, 2 * self.units :] if self.reset_after else 0
        self.u = gate_rows(stack_bias(u, together), _ORDER, scale, scratch("u", (width, self.units + 1), w.dtype))
        self.b = (b[0] if self.reset_after else b)[2 * self.units :, None]  # of g, beside the inputs
        self.sums = scratch("sums", (width, n), w.dtype)
        self.small = scratch("small", (self.units, n), w.dtype)

    def step(self, s: int, x: Array) -> None:
        units, a, inner = self.units, self.gates[s], self.inner[s]
        h, after = self.hidden[s, :units], self.hidden[s + 1, :units]
        both, g = a[: 2 * units], a[2 * units :]
        np.matmul(self.w, x.T, out=a)
        products = self.sums if self.reset_after else self.sums[: 2 * units]
        np.matmul(self.u[: len(products)], self.hidden[s], out=products)
        np.add(both, products[: 2 * units], out=both)
        np.tanh(both, out=both)
        half_sigmoid(both)
        z, r = both.reshape(2, units, -1)
        if self.reset_after:
            np.copyto(inner, products[2 * units :])
            np.multiply(r, inner, out=self.small)
        else:
            np.multiply(r, h, out=inner)
            np.matmul(self.u[2 * units :, :units], inner, out=self.small)
        np.add(g, self.small, out=g)
        np.add(g, self.b, out=g)
        np.tanh(g, out=g)
        np.subtract(h, g, out=after)
        np.multiply(after, z, out=after)
        np.add(after, g, out=after)

    def start_back(self) -> None:
        self.slopes = [scratch("dh", self.small.shape, self.w.dtype)]
        self.back_u = scratch("back_u", (self.units, len(self.u)), self.w.dtype)  # (U, 3U)
        self.back_u[...] = self.u[:, : self.units].T
        self.dw, self.db = Sum("dw", self.w.shape, self.w), Sum("db", (3 * self.units,), self.w)
        self.du = Sum("du", self.u[: 2 * self.units].shape, self.u)
        self.dv = Sum("dv", (self.units, self.units + self.reset_after), self.u)
        self.ones = scratch("ones", self.small.shape[1:], self.w.dtype)
        self.ones[...] = 1

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        units, small, d, dh = self.units, self.small, self.sums, self.slopes[0]
        z, r, g = self.gates[s].reshape(3, units, -1)
        h, inner = self.hidden[s, :units], self.inner[s]
        dz, dr, dg = d.reshape(3, units, -1)
        np.subtract(h, g, out=dz)
        np.multiply(dz, dh, out=dz)
        np.subtract(1, z, out=small)
        np.multiply(small, dh, out=dg)
        np.multiply(dz, small, out=dz)
        np.multiply(dz, z, out=dz)
        np.multiply(dh, z, out=dh)
        np.multiply(g, g, out=small)
        np.subtract(1, small, out=small)
        np.multiply(dg, small, out=dg)
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
    """Outputs y and last state h; the last three arrays are kept for `backward`."""
    run(_Cell(w, u, b, (gates, hidden, inner), True), x, mask, [h0], y, [h], go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
    gates: Array, hidden: Array, inner: Array, dx: Array | None, dh0: Array | None,
    dw: Array | None, du: Array | None, db: Array | None, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """The gradients that are wanted. `gates` is overwritten."""
    cell = _Cell(w, u, b, (gates, hidden, inner), False)
    cell.start_back()
    run_back(cell, x, mask, dy, [dh], dx, [dh0], go_backwards, zero_output)
    units = cell.units
    if dw is not None:
        gate_columns(cell.dw.total, _ORDER, dw)
    if du is not None:
        gate_columns(np.vstack((cell.du.total[:, :units], cell.dv.total[:, :units])), _ORDER, du)
    if db is not None and cell.reset_after:
        db[0] = cell.db.total
        db[1] = np.concatenate((cell.du.total[:, -1], cell.dv.total[:, -1]))
    elif db is not None:
        db[...] = cell.db.total
