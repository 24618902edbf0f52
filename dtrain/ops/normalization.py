"""Normalization over the whole batch, and of every row by itself.

Batch statistics are those of the global batch. Each process adds its part: `BatchMean` and `BatchStatistics` give
parts, `AllSum` the sums. The gradient that the statistics send back to the rows is added by `BatchStatistics` to the
gradient that passes through it, in one pass: the statistics of a large batch cost one extra pass backward, not three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import config
from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import normalization as kernels
from dtrain.kernels import row_normalization as row_kernels

from .collective import AllSum
from .creation import ones, zeros
from .reduction import normalize_axes
from .rows import require_whole_rows
from .shaping import normalize_axis, reshape, transpose
from .slicing import get_item


class BatchMean(Op):
    """y = this process's part of the mean of x over all axes but `axis`. Gradients pass through `BatchStatistics`."""

    @staticmethod
    def spec(x: Spec, *, axis: int) -> Spec:
        return Spec((x.shape[axis],), x.dtype)

    @staticmethod
    def forward(x: Array, y: Array, *, axis: int, count: int) -> None:
        kernels.mean_part(x, y, axis=axis, count=count)


class BatchStatistics(Op):
    """y = x, and this process's parts (2, C) of mean and variance; `part` is that of the mean, `mean` the whole one."""

    outputs = ("y", "parts")
    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, part: Spec, mean: Spec, *, axis: int) -> dict[str, Spec]:
        return {"y": x, "parts": Spec((2, x.shape[axis]), x.dtype)}

    @staticmethod
    def forward(x: Array, part: Array, mean: Array, y: Array, parts: Array, *, axis: int, count: int) -> None:
        if not np.may_share_memory(x, y):
            np.copyto(y, x)
        parts[0] = part
        kernels.variance_part(x, mean, parts[1], axis=axis, count=count)

    @staticmethod
    def backward(
        dy: Array | None, dparts: Array | None, y: Array, mean: Array, dx: Array, *, axis: int, count: int
    ) -> None:
        if dy is None:
            dx[...] = 0
        g = dx if dy is None else dy
        if dparts is not None:
            kernels.statistics_gradient(g, dparts[0], dparts[1], y, mean, dx, axis=axis, count=count)
        elif g is not dx:
            np.copyto(dx, g)


class Affine(Op):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, with vectors (C,) along `axis`."""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, mean: Spec, variance: Spec, gamma: Spec, beta: Spec) -> Spec:
        return x

    @staticmethod
    def forward(
        x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, y: Array, *, axis: int, epsilon: float
    ) -> None:
        kernels.affine(x, mean, variance, gamma, beta, y, axis=axis, epsilon=epsilon)

    @staticmethod
    def backward(
        dy: Array, x: Array, mean: Array, variance: Array, gamma: Array,
        dx: Array | None, dmean: Array | None, dvariance: Array | None, dgamma: Array | None, dbeta: Array | None,
        *, axis: int, epsilon: float,
    ) -> None:  # fmt: skip
        kernels.affine_gradient(
            dy, x, mean, variance, gamma, dx, dmean, dvariance, dgamma, dbeta, axis=axis, epsilon=epsilon
        )


class RowNormalization(Op):
    """y = x normalized over its last `axes` axes, times gamma, plus beta; without `center`, by its mean square."""

    @staticmethod
    def spec(x: Spec, gamma: Spec, beta: Spec, *, axes: int) -> dict[str, Spec]:
        rows = int(np.prod(x.shape[: x.ndim - axes], dtype=np.int64))
        return {"y": x, "mean": Spec((rows,), x.dtype), "scale": Spec((rows,), x.dtype)}

    @staticmethod
    def forward(
        x: Array, gamma: Array, beta: Array, y: Array, mean: Array, scale: Array, *, center: bool, epsilon: float
    ) -> None:
        shape = (len(mean), gamma.size)
        row_kernels.normalize_rows(
            x.reshape(shape), gamma.reshape(-1), beta.reshape(-1), y.reshape(shape), mean, scale,
            center=center, epsilon=epsilon,
        )  # fmt: skip

    @staticmethod
    def backward(
        dy: Array, x: Array, gamma: Array, mean: Array, scale: Array,
        dx: Array | None, dgamma: Array | None, dbeta: Array | None, *, center: bool,
    ) -> None:  # fmt: skip
        shape = (len(mean), gamma.size)
        row_kernels.normalize_rows_gradient(
            dy.reshape(shape), x.reshape(shape), gamma.reshape(-1), mean, scale,
            None if dx is None else dx.reshape(shape),
            None if dgamma is None else dgamma.reshape(-1),
            None if dbeta is None else dbeta.reshape(-1),
            center=center,
        )  # fmt: skip


def _vector(name: str, argument: str, value: Any, default: float, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    vector = (ones if default else zeros)(shape, x.dtype) if value is None else as_tensor(value)
    if vector.spec.shape != shape:
        raise ValueError(f"{name}: expected {argument} of shape {shape}. Received: shape {vector.spec.shape}")
    return vector


def _features(name: str, inputs: Any, axis: int) -> tuple[Tensor, int, tuple[int, ...]]:
    x = as_tensor(inputs)
    place = normalize_axis(name, axis, x.ndim)
    require_whole_rows(name, x.spec, (place,))
    return x, place, (x.spec.shape[place],)


@symbolic
def batch_normalize(
    x: Any, gamma: Any = None, beta: Any = None, axis: int = -1, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize by the mean and the biased variance of the whole batch, of all processes together.

    `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`, with statistics over all axes but `axis`
    (Ioffe and Szegedy 2015). The variance is a second pass over differences from the mean.

    Returns:
        (y, mean, variance); mean and variance (features,), through which gradients flow.
    """
    tensor, place, shape = _features("batch_normalize", x, axis)
    scale = _vector("batch_normalize", "gamma", gamma, 1, tensor, shape)
    offset = _vector("batch_normalize", "beta", beta, 0, tensor, shape)
    count = tensor.spec.global_size // max(1, shape[0])
    part = apply(BatchMean, tensor, axis=place, count=count)
    whole = tensor.spec.batch is None
    mean = part if whole else apply(AllSum, part)
    rows, parts = apply(BatchStatistics, tensor, part, mean, axis=place, count=count)
    statistics = parts if whole else apply(AllSum, parts)
    mean, variance = get_item(statistics, 0), get_item(statistics, 1)
    return apply(Affine, rows, mean, variance, scale, offset, axis=place, epsilon=epsilon), mean, variance


@symbolic
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, with vectors along `axis`."""
    tensor, place, shape = _features("batch_normalization", x, axis)
    given = [("mean", mean, 0), ("variance", variance, 1), ("scale", scale, 1), ("offset", offset, 0)]
    vectors = (_vector("batch_normalization", name, value, default, tensor, shape) for name, value, default in given)
    return apply(Affine, tensor, *vectors, axis=place, epsilon=epsilon)  # type: ignore[no-any-return]


def _normalize_rows(
    name: str, x: Any, gamma: Any, beta: Any, axis: int | Sequence[int], epsilon: float | None, center: bool
) -> Tensor:
    tensor = as_tensor(x)
    axes = normalize_axes(name, axis, tensor.ndim)
    require_whole_rows(name, tensor.spec, axes)
    order = (*(k for k in range(tensor.ndim) if k not in axes), *axes)
    shape = tuple(tensor.spec.shape[a] for a in axes)
    y = apply(
        RowNormalization,
        transpose(tensor, order),
        _vector(name, "gamma", gamma, 1, tensor, shape),
        _vector(name, "beta", beta, 0, tensor, shape),
        axes=len(axes), center=center, epsilon=config.epsilon() if epsilon is None else epsilon,
    )  # fmt: skip
    return transpose(y, [order.index(k) for k in range(tensor.ndim)])


@symbolic
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Tensor:
    """Normalize every sample by its own mean and variance over `axis` (Ba et al. 2016).

    `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`; gamma and beta have the shape of the axes; epsilon
    None stands for `config.epsilon()`.
    """
    return _normalize_rows("layer_normalization", x, gamma, beta, axis, epsilon, True)


@symbolic
def rms_normalization(
    x: Any, scale: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Tensor:
    """`x / sqrt(mean(x**2) + epsilon) * scale` over `axis` (Zhang and Sennrich 2019).

    epsilon None stands for `config.epsilon()`.
    """
    return _normalize_rows("rms_normalization", x, scale, None, axis, epsilon, False)


@symbolic
def group_normalization(
    x: Any, groups: int, gamma: Any = None, beta: Any = None, axis: int = -1, epsilon: float = 1e-3
) -> Tensor:
    """Normalize every sample by the mean and variance of each group of neighbouring channels (Wu and He 2018).

    Args:
        groups: how many; a divisor of the number of channels, which lie on `axis`.
        gamma: (channels,), as `beta`.
    """
    tensor, place, (channels,) = _features("group_normalization", x, axis)
    if groups < 1 or channels % groups or place == 0:
        raise ValueError(
            "group_normalization: expected groups to divide the channels, which are not on axis 0. "
            f"Received: groups={groups}, {channels} channels on axis {place}"
        )
    shape, ndim = tensor.shape, tensor.ndim
    split = reshape(tensor, (*shape[:place], groups, channels // groups, *shape[place + 1 :]))
    axes = [k for k in range(1, ndim + 1) if k != place]
    y = reshape(_normalize_rows("group_normalization", split, None, None, axes, epsilon, True), shape)
    return batch_normalization(y, None, None, place, beta, gamma, epsilon=0.0)
