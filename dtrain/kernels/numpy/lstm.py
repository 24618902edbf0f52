"""Long short-term memory (Hochreiter and Schmidhuber 1997, with forget gates: Gers et al. 2000).

    i, f, o = sigmoid(x W + h U + b),  g = tanh(x W + h U + b),  c = f c + i g,  h = o tanh(c)

`w` (I, 4U), `u` (U, 4U), `b` (4U,) hold the gates in the order i, f, g, o. Inside they lie as i, f, o, g, and the
first three are scaled by a half, since sigmoid(x) = (tanh(x / 2) + 1) / 2: one tanh does all four.
"""

from __future__ import annotations

import numpy as np

from .recurrent import Array, Sum, gate_columns, gate_rows, half_sigmoid, run, run_back, stack_bias
from .scratch import scratch

_ORDER = (0, 1, 3, 2)
_SCALE = (0.5, 0.5, 0.5, 1.0)


class _Cell:
    """`gates` (T, 4U, N), `hidden` (T + 1, U + 1, N), `cells` (T + 1, U, N), `tanhs` (T, U, N) = tanh(cells)."""

    def __init__(self, w: Array, u: Array, b: Array, saved: tuple[Array, Array, Array, Array], forward: bool) -> None:
        self.gates, self.hidden, self.cells, self.tanhs = saved
        self.histories = [self.hidden, self.cells]
        self.units = len(u)
        scale = _SCALE if forward else None
        width, n = 4 * self.units, self.gates.shape[2]
        self.w = gate_rows(w, _ORDER, scale, scratch("w", (width, len(w)), w.dtype))
        self.u = gate_rows(stack_bias(u, b), _ORDER, scale, scratch("u", (width, self.units + 1), w.dtype))
        self.sums = scratch("sums", (width, n), w.dtype)
        self.small = scratch("small", (self.units, n), w.dtype)

    def step(self, s: int, x: Array) -> None:
        units, z, c = self.units, self.gates[s], self.cells[s + 1]
        np.matmul(self.w, x.T, out=z)
        np.matmul(self.u, self.hidden[s], out=self.sums)
        np.add(z, self.sums, out=z)
        np.tanh(z, out=z)
        half_sigmoid(z[: 3 * units])
        i, f, o, g = z.reshape(4, units, -1)
        np.multiply(f, self.cells[s], out=c)
        np.multiply(i, g, out=self.small)
        np.add(c, self.small, out=c)
        np.tanh(c, out=self.tanhs[s])
        np.multiply(o, self.tanhs[s], out=self.hidden[s + 1, :units])

    def start_back(self) -> None:
        self.slopes = [scratch(name, self.small.shape, self.w.dtype) for name in ("dh", "dc")]
        self.back_u = scratch("back_u", (self.units, len(self.u)), self.w.dtype)
        self.back_u[...] = self.u[:, : self.units].T
        self.dw, self.du = Sum("dw", self.w.shape, self.w), Sum("du", self.u.shape, self.u)

    def back(self, s: int, x: Array, dx: Array | None) -> None:
        units, (dh, dc), small = self.units, self.slopes, self.small
        a, tanh_c = self.gates[s], self.tanhs[s]
        i, f, o, g = a.reshape(4, units, -1)
        d = self.sums
        di, df, do, dg = d.reshape(4, units, -1)
        np.multiply(dh, tanh_c, out=do)
        np.multiply(tanh_c, tanh_c, out=small)
        np.subtract(1, small, out=small)
        np.multiply(small, o, out=small)
        np.multiply(small, dh, out=small)
        np.add(dc, small, out=dc)
        np.multiply(dc, g, out=di)
        np.multiply(dc, self.cells[s], out=df)
        np.multiply(dc, i, out=dg)
        np.multiply(dc, f, out=dc)
        # The slopes of sigmoid and tanh, from their values: the gates turn into them.
        np.multiply(g, g, out=small)
        np.subtract(1, small, out=g)
        sigmoids = a[: 3 * units]
        np.multiply(d[: 3 * units], sigmoids, out=d[: 3 * units])
        np.subtract(1, sigmoids, out=sigmoids)
        np.multiply(d, a, out=d)
        np.matmul(self.back_u, d, out=dh)
        self.dw.add(d, x)
        self.du.add(d, self.hidden[s].T)
        if dx is not None:
            np.matmul(d.T, self.w, out=dx)


def forward(
    x: Array, h0: Array, c0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, c: Array,
    gates: Array, hidden: Array, cells: Array, tanhs: Array, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """Outputs y, last states h and c; the last four arrays are kept for `backward`."""
    cell = _Cell(w, u, b, (gates, hidden, cells, tanhs), True)
    run(cell, x, mask, [h0, c0], y, [h, c], go_backwards, zero_output)


def backward(
    dy: Array | None, dh: Array | None, dc: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
    gates: Array, hidden: Array, cells: Array, tanhs: Array, dx: Array | None, dh0: Array | None, dc0: Array | None,
    dw: Array | None, du: Array | None, db: Array | None, *, go_backwards: bool, zero_output: bool,
) -> None:  # fmt: skip
    """The gradients that are wanted. `gates` is overwritten."""
    cell = _Cell(w, u, b, (gates, hidden, cells, tanhs), False)
    cell.start_back()
    run_back(cell, x, mask, dy, [dh, dc], dx, [dh0, dc0], go_backwards, zero_output)
    if dw is not None:
        gate_columns(cell.dw.total, _ORDER, dw)
    if du is not None:
        gate_columns(cell.du.total[:, :-1], _ORDER, du)
    if db is not None:
        gate_columns(cell.du.total[:, -1:], _ORDER, db.reshape(1, -1))
