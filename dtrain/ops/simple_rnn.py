"""The simple recurrent layer over whole sequences; letters as in `recurrent`."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import simple_rnn as kernels

from .recurrent import call_sequence_op, sequence_specs


class SimpleRNN(Op):
    """h = activation(x w + h u + b).   b (U,)"""

    outputs = ("y", "h")

    @staticmethod
    def spec(x: Spec, h0: Spec, w: Spec, u: Spec, b: Spec, mask: Spec, *, sequences: bool) -> dict[str, Spec]:
        return sequence_specs(x, u, sequences, hidden=(1, u.shape[0] + 1))

    @staticmethod
    def forward(
        x: Array, h0: Array, w: Array, u: Array, b: Array, mask: Array, y: Array, h: Array, hidden: Array,
        *, activation: str, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.forward(
            x, h0, w, u, b, mask, y, h, hidden,
            activation=activation, go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip

    @staticmethod
    def backward(
        dy: Array | None, dh: Array | None, x: Array, w: Array, u: Array, b: Array, mask: Array, hidden: Array,
        dx: Array | None, dh0: Array | None, dw: Array | None, du: Array | None, db: Array | None,
        *, activation: str, go_backwards: bool, zero_output: bool,
    ) -> None:  # fmt: skip
        kernels.backward(
            dy, dh, x, w, u, b, mask, hidden, dx, dh0, dw, du, db,
            activation=activation, go_backwards=go_backwards, zero_output=zero_output,
        )  # fmt: skip


@symbolic
def simple_rnn(
    inputs: Any,
    initial_state: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    mask: Any = None,
    return_sequences: bool = True,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    activation: str = "tanh",
) -> tuple[Tensor, Tensor]:
    """`h = activation(x @ kernel + h @ recurrent_kernel + bias)` over a sequence.

    Args:
        activation: "tanh", "relu", "sigmoid" or "linear".

    Returns:
        (outputs, h), as `lstm`.
    """
    return call_sequence_op(  # type: ignore[no-any-return]
        "simple_rnn", SimpleRNN, 1, (), inputs, (initial_state,), kernel, recurrent_kernel, bias, mask,
        sequences=return_sequences, activation=activation, go_backwards=go_backwards,
        zero_output=zero_output_for_mask,
    )  # fmt: skip
