"""Arguments of ops on images: one number or one for each axis, paddings by name, and where the channels lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.config import standardize_data_format
from dtrain.graph import Spec, Tensor
from dtrain.kernels.numpy.windows import Pairs, Shape, same_padding

from .shaping import moveaxis


def per_axis(name: str, argument: str, value: int | Sequence[int], rank: int) -> Shape:
    """`value` as positive integers, one for each of `rank` axes."""
    values = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(values) != rank or any(int(v) != v or v < 1 for v in values):
        raise ValueError(
            f"{name}: expected {argument} to be a positive integer or {rank} of them. Received: {argument}={value!r}"
        )
    return tuple(int(v) for v in values)


def padding_pairs(name: str, padding: str, lengths: Shape, kernel: Shape, strides: Shape, dilation: Shape) -> Pairs:
    """The zeros before and after each axis that "valid", "same" or (on one axis) "causal" stand for."""
    kind = str(padding).lower()
    if kind == "valid":
        return ((0, 0),) * len(lengths)
    if kind == "same":
        return same_padding(lengths, kernel, strides, dilation)
    if kind == "causal" and len(lengths) == 1:
        return ((dilation[0] * (kernel[0] - 1), 0),)
    choices = '"valid", "same" or "causal"' if len(lengths) == 1 else '"valid" or "same"'
    raise ValueError(f"{name}: expected padding to be {choices}. Received: padding={padding!r}")


def require_fit(name: str, x: Spec, kernel: Shape, outputs: Shape) -> None:
    if min(outputs, default=1) < 1:
        raise ValueError(
            f"{name}: expected inputs at least as large as the window {kernel} (with its dilation). "
            f"Received: inputs of shape {x.global_shape}, channels last"
        )


def channels_last(x: Tensor, data_format: str | None) -> tuple[Tensor, bool]:
    """`x` with its channels on the last axis, and whether they were on axis 1."""
    first = standardize_data_format(data_format) == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def restore_channels(y: Any, first: bool) -> Tensor:
    return moveaxis(y, -1, 1) if first else y
