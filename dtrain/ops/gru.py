"""Gated recurrent units over whole sequences; letters as in `recurrent`."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import gru as kernels

from .recurrent import call_sequence_op, sequence_specs


class GRU(Op):
    """Gated recurrent unit, gates z, r, g.   b (2, 3U): reset after the recurrent product; (3U,): before it"""

    outputs = ("y", "h")

    @staticmethod
    def spec(x: Spec, h0: Spec, w: Spec, u: Spec, b: Spec, mask: Spec, *, sequences: bool) -> dict[str, Spec]:
        units = u.shape[0]
        return sequence_specs(x, u, sequences, gates=(0, 3 * units), hidden=(1, units + 1), inner=(0, units))

    @staticmethod
    def forward(
        x: Array, h0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array,
        gates: Array, hidden: Array, inner: Array, *, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.forward(
            x, h0, w, u, b, mask, y, h, gates, hidden, inner, go_backwards=go_backwards, zero_output=zero_output
        )

    @staticmethod
    def backward(
        dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
        gates: Array, hidden: Array, inner: Array, dx: Array | None, dh0: Array | None,
        dw: Array | None, du: Array | None, db: Array | None, *, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.backward(
            dy, dh, x, w, u, b, mask, gates, hidden, inner, dx, dh0, dw, du, db,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip


@symbolic
def gru(
    inputs: Any,
    initial_state: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    mask: Any = None,
    return_sequences: bool = True,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    reset_after: bool = True,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent unit over a sequence (Cho et al. 2014).

    `h = z * h + (1 - z) * tanh(x_g + r * h_g)` with `z, r = sigmoid(x_zr + h_zr)`; with `reset_after=False`
    the product with the recurrent kernel is that of `r * h`.

    Args:
        initial_state: h (batch, units); None: zeros.
        kernel: (features, 3 * units), gates z, r, g; `recurrent_kernel` (units, 3 * units).
        bias: (2, 3 * units) with `reset_after`, of inputs and of states; else (3 * units,); or None.

    Returns:
        (outputs, h), as `lstm`.
    """
    return call_sequence_op(  # type: ignore[no-any-return]
        "gru", GRU, 3, (2,) if reset_after else (), inputs, (initial_state,), kernel, recurrent_kernel, bias, mask,
        sequences=return_sequences, go_backwards=go_backwards, zero_output=zero_output_for_mask,
    )  # fmt: skip
