"""Long short-term memory over whole sequences; letters as in `recurrent`."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import lstm as kernels

from .recurrent import call_sequence_op, sequence_specs


class LSTM(Op):
    """Long short-term memory, gates i, f, g, o.   b (4U,)"""

    outputs = ("y", "h", "c")

    @staticmethod
    def spec(x: Spec, h0: Spec, c0: Spec, w: Spec, u: Spec, b: Spec, mask: Spec, *, sequences: bool) -> dict[str, Spec]:
        units = u.shape[0]
        specs = sequence_specs(
            x, u, sequences, gates=(0, 4 * units), hidden=(1, units + 1), cells=(1, units), tanhs=(0, units)
        )
        return {**specs, "c": specs["h"]}

    @staticmethod
    def forward(
        x: Array, h0: Array, c0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, c: Array,
        gates: Array, hidden: Array, cells: Array, tanhs: Array, *, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.forward(
            x, h0, c0, w, u, b, mask, y, h, c, gates, hidden, cells, tanhs,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip

    @staticmethod
    def backward(
        dy: Array | None, dh: Array | None, dc: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array,
        gates: Array, hidden: Array, cells: Array, tanhs: Array, dx: Array | None, dh0: Array | None,
        dc0: Array | None, dw: Array | None, du: Array | None, db: Array | None,
        *, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.backward(
            dy, dh, dc, x, w, u, b, mask, gates, hidden, cells, tanhs, dx, dh0, dc0, dw, du, db,
            go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip


@symbolic
def lstm(
    inputs: Any,
    initial_state: tuple[Any, Any] | None,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    mask: Any = None,
    return_sequences: bool = True,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory over a sequence (Hochreiter and Schmidhuber 1997).

    `i, f, g, o = split(x @ kernel + h @ recurrent_kernel + bias)`,
    `c = sigmoid(f) * c + sigmoid(i) * tanh(g)`, `h = sigmoid(o) * tanh(c)`

    Args:
        inputs: (batch, steps, features).
        initial_state: h and c, each (batch, units); None: zeros.
        kernel: (features, 4 * units); `recurrent_kernel` (units, 4 * units); `bias` (4 * units,) or None.
        mask: boolean (batch, steps). Where it is false the states stay and the previous output is repeated
            (zeros with `zero_output_for_mask`).
        go_backwards: take the steps from the last to the first; the outputs come in the order of computation.

    Returns:
        (outputs, h, c): outputs (batch, steps, units), or (batch, 1, units) of the last step; last states.
    """
    return call_sequence_op(  # type: ignore[no-any-return]
        "lstm", LSTM, 4, (), inputs, initial_state or (None, None), kernel, recurrent_kernel, bias, mask,
        sequences=return_sequences, go_backwards=go_backwards, zero_output=zero_output_for_mask,
    )  # fmt: skip
