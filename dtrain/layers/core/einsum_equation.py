"""What an einsum equation says about the shapes of a layer's variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_FORMS = (
    r"(?P<left>)(?P<x>[a-zA-Z]+),(?P<w>[a-zA-Z]+)->(?P<y>[a-zA-Z]+)(?P<right>)",
    r"(?P<left>\.\.\.)(?P<x>[a-zA-Z]+),(?P<w>[a-zA-Z]+)->\.\.\.(?P<y>[a-zA-Z]+)(?P<right>)",
    r"(?P<left>)(?P<x>[a-zA-Z]{2,})(?P<right>\.\.\.),(?P<w>[a-zA-Z]+)->(?P<y>[a-zA-Z]+)\.\.\.",
)


@dataclass(frozen=True)
class EinsumShapes:
    """Shapes of kernel and bias, and the axes of the kernel that are summed over and that are new in the output."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    input_axes: tuple[int, ...]
    output_axes: tuple[int, ...]


def einsum_shapes(
    equation: str, bias_axes: str | None, input_shape: Sequence[Any], output_shape: Sequence[Any]
) -> EinsumShapes:
    """The shapes of the variables of `y = einsum(equation, x, kernel) + bias`.

    Args:
        equation: "ab,bc->ac", "...ab,bc->...ac" or "ab...,bc->ac...".
        bias_axes: labels of the output's axes that the bias has.
        input_shape: with the batch axis.
        output_shape: without the batch axis and the axes of the ellipsis; None for lengths that the input decides.

    Raises:
        ValueError: for an equation of another form or lengths that contradict each other.
    """
    found = next((m for m in (re.fullmatch(form, equation.replace(" ", "")) for form in _FORMS) if m), None)
    if found is None:
        raise ValueError(
            "EinsumDense: equation must look like 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...'. "
            f"Received: equation={equation!r}"
        )
    x, w, y = found["x"], found["w"], found["y"]
    hidden = len(input_shape) - len(x)
    if hidden < 0 or (hidden and not found["left"] and not found["right"]):
        raise ValueError(f"EinsumDense: equation={equation!r} does not fit inputs of shape {tuple(input_shape)}")
    first = hidden if found["left"] else 0
    inputs = dict(zip(x, input_shape[first : first + len(x)], strict=True))
    outputs = _output_lengths(equation, y, input_shape, output_shape, hidden, bool(found["left"]))
    for label in x:
        if label in outputs and outputs[label] is not None and outputs[label] != inputs[label]:
            raise ValueError(
                f"EinsumDense: axis {label!r} of equation={equation!r} must have one length. "
                f"Received: {inputs[label]} in the input, {outputs[label]} in output_shape"
            )
    known = {**outputs, **{k: n for k, n in inputs.items() if outputs.get(k) is None}}
    missing = [label for label in w if known.get(label) is None] + [label for label in y if label not in known]
    if missing:
        raise ValueError(f"EinsumDense: the length of {missing[0]!r} in equation={equation!r} is not known")
    return EinsumShapes(
        tuple(known[label] for label in w),
        _bias_shape(bias_axes, y, known, 0 if found["left"] else hidden),
        tuple(k for k, label in enumerate(w) if label not in y),
        tuple(k for k, label in enumerate(w) if label in y),
    )


def _output_lengths(
    equation: str, y: str, input_shape: Sequence[Any], output_shape: Sequence[Any], hidden: int, left: bool
) -> dict[str, Any]:
    """The lengths of the labels of the output; the batch axis is the first, or hidden in a leading ellipsis."""
    batch_is_hidden = left and hidden > 0
    labels = y if batch_is_hidden else y[1:]
    if len(labels) != len(output_shape):
        raise ValueError(
            f"EinsumDense: output_shape must hold {len(labels)} lengths for equation={equation!r}. "
            f"Received: output_shape={tuple(output_shape)}"
        )
    lengths = dict(zip(labels, output_shape, strict=True))
    return lengths if batch_is_hidden else {y[0]: input_shape[0], **lengths}


def _bias_shape(bias_axes: str | None, y: str, known: dict[str, Any], trailing: int) -> tuple[int, ...] | None:
    if bias_axes is None:
        return None
    if not bias_axes or not set(bias_axes) <= set(y):
        raise ValueError(f"EinsumDense: bias_axes must be among the output's axes {y!r}. Received: {bias_axes!r}")
    start = min(y.index(label) for label in bias_axes)
    return (*(known[label] if label in bias_axes else 1 for label in y[start:]), *(1,) * trailing)
