"""Maxima and means of windows over 1, 2 or 3 axes.   x (N, *lengths, C)   y (N, *cells, C)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import pooling as kernels
from dtrain.kernels.numpy.windows import Pairs, Shape, output_lengths

from .creation import cast
from .elementwise import float_dtype
from .rows import require_whole_rows
from .spatial import channels_last, padding_pairs, per_axis, require_fit, restore_channels


def _specs(x: Spec, pool_size: Shape, strides: Shape, padding: Pairs) -> dict[str, Spec]:
    windows = kernels.pool_windows(x.shape[1:-1], x.shape[-1], pool_size, strides, padding)
    scratch = Spec((kernels.pool_scratch(windows, x.shape[0], x.dtype.itemsize),), x.dtype)
    y = x.with_shape((x.shape[0], *windows.cells, x.shape[-1]))
    return {"y": y, "scratch": scratch, "scratch_back": scratch}


class MaxPool(Op):
    """y = the largest value of every window; of equal ones the first gets the gradient."""

    @staticmethod
    def spec(x: Spec, *, pool_size: Shape, strides: Shape, padding: Pairs) -> dict[str, Spec]:
        specs = _specs(x, pool_size, strides, padding)
        return {**specs, "winner": specs["y"].with_dtype(kernels.winner_dtype(pool_size))}

    @staticmethod
    def forward(
        x: Array, y: Array, winner: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs
    ) -> None:
        kernels.max_pool(x, y, winner, scratch, pool_size=pool_size, strides=strides, padding=padding)

    @staticmethod
    def dx(
        dy: Array, winner: Array, dx: Array, scratch_back: Array,
        *, pool_size: Shape, strides: Shape, padding: Pairs,
    ) -> None:  # fmt: skip
        kernels.max_pool_gradient(dy, winner, dx, scratch_back, pool_size=pool_size, strides=strides, padding=padding)


class AveragePool(Op):
    """y = the mean of every window; padding does not count."""

    @staticmethod
    def spec(x: Spec, *, pool_size: Shape, strides: Shape, padding: Pairs) -> dict[str, Spec]:
        return _specs(x, pool_size, strides, padding)

    @staticmethod
    def forward(x: Array, y: Array, scratch: Array, *, pool_size: Shape, strides: Shape, padding: Pairs) -> None:
        kernels.average_pool(x, y, scratch, pool_size=pool_size, strides=strides, padding=padding)

    @staticmethod
    def dx(dy: Array, dx: Array, scratch_back: Array, *, pool_size: Shape, strides: Shape, padding: Pairs) -> None:
        kernels.average_pool_gradient(dy, dx, scratch_back, pool_size=pool_size, strides=strides, padding=padding)


def _pool(
    name: str,
    op: type[Op],
    inputs: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str,
    data_format: str | None,
) -> Tensor:
    x, first = channels_last(as_tensor(inputs), data_format)
    if not 3 <= x.ndim <= 5:
        raise ValueError(
            f"{name}: expected inputs of shape (batch, 1 to 3 lengths, channels). Received: {x.spec.global_shape}"
        )
    if str(padding).lower() == "causal":
        raise ValueError(f'{name}: expected padding to be "valid" or "same". Received: padding={padding!r}')
    require_whole_rows(name, x.spec, range(1, x.ndim))
    rank, lengths = x.ndim - 2, x.spec.shape[1:-1]
    size = per_axis(name, "pool_size", pool_size, rank)
    steps = size if strides is None else per_axis(name, "strides", strides, rank)
    ones = (1,) * rank
    pairs = padding_pairs(name, padding, lengths, size, steps, ones)
    require_fit(name, x.spec, size, output_lengths(lengths, size, steps, pairs, ones))
    if op is AveragePool and not x.spec.is_float:
        x = cast(x, float_dtype(x.spec.dtype))
    return restore_channels(apply(op, x, pool_size=size, strides=steps, padding=pairs), first)


@symbolic
def max_pool(
    inputs: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The largest value of every window over 1, 2 or 3 axes.

    Args:
        inputs: (batch, *lengths, channels), or (batch, channels, *lengths) with "channels_first".
        strides: steps between windows; None: `pool_size`.
        padding: "valid" (only whole windows) or "same" (`ceil(length / stride)` windows).
    """
    return _pool("max_pool", MaxPool, inputs, pool_size, strides, padding, data_format)


@symbolic
def average_pool(
    inputs: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of those values of every window that lie inside of the inputs; arguments as in `max_pool`."""
    return _pool("average_pool", AveragePool, inputs, pool_size, strides, padding, data_format)
