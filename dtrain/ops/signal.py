"""Windows, grids and sequences of numbers, products of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .contraction import outer
from .creation import FLOATX, arange, cast, value_of_all
from .elementwise import sqrt
from .indexing import take
from .joining import flip, pad
from .linear import matmul
from .powers import power
from .reduction import mean
from .reduction import sum as reduce_sum
from .shaping import expand_dims, moveaxis, reshape, transpose


def _points(x: Any) -> int:
    return int(np.asarray(x))


def bartlett(x: Any) -> Tensor:
    """A triangle of x points."""
    return cast(np.bartlett(_points(x)), FLOATX)


def blackman(x: Any) -> Tensor:
    """Blackman's window of x points."""
    return cast(np.blackman(_points(x)), FLOATX)


def hamming(x: Any) -> Tensor:
    """Hamming's window of x points."""
    return cast(np.hamming(_points(x)), FLOATX)


def hanning(x: Any) -> Tensor:
    """Hann's window of x points."""
    return cast(np.hanning(_points(x)), FLOATX)


def kaiser(x: Any, beta: float) -> Tensor:
    """Kaiser's window of x points: `I0(beta sqrt(1 - t^2)) / I0(beta)` for t from -1 to 1."""
    return cast(np.kaiser(_points(x), float(beta)), FLOATX)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: DTypeLike | None = None, axis: int = 0
) -> Tensor:
    """`num` numbers from start to stop, each the same multiple of the one before."""
    values = np.geomspace(value_of_all(start), value_of_all(stop), num, endpoint, axis=axis)
    return cast(values, dtype or FLOATX)


@symbolic
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements, a row each: the highest first, or 1 first if `increasing`."""
    tensor = as_tensor(x)
    count = tensor.shape[0] if N is None else N
    powers = power(expand_dims(tensor, -1), cast(arange(count), tensor.dtype))
    return powers if increasing else flip(powers, 1)


@symbolic
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The integral of y along `axis` over the points x (or points `dx` apart), by trapezoids."""
    values = moveaxis(as_tensor(y), axis, -1)
    steps: Any = dx
    if x is not None:
        points = as_tensor(x)
        points = moveaxis(points, axis, -1) if points.ndim > 1 else points
        steps = points[..., 1:] - points[..., :-1]
    return reduce_sum(steps * (values[..., 1:] + values[..., :-1]) / 2, -1)


@symbolic
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """`y[k] = sum over n of x1[n + k] * x2[n]` of two vectors, as `numpy.correlate`."""
    a, b = as_tensor(x1), as_tensor(x2)
    n, m = a.shape[0], b.shape[0]
    if n < m:
        return flip(correlate(b, a, mode))
    before = {"valid": 0, "same": m // 2, "full": m - 1}.get(mode)
    if before is None:
        raise ValueError(f"correlate: expected mode 'valid', 'same' or 'full'. Received: mode={mode!r}")
    after = {"valid": 0, "same": m - 1 - m // 2, "full": m - 1}[mode]
    padded = pad(a, ((before, after),))
    return matmul(extract_sequences(padded, m, 1), b)


@symbolic
def corrcoef(x: Any) -> Tensor:
    """How the rows of x vary together: covariances divided by the standard deviations."""
    tensor = as_tensor(x)
    away = tensor - mean(tensor, -1, keepdims=True)
    together = matmul(away, transpose(away))
    deviation = sqrt(reduce_sum(away * away, -1))
    return together / outer(deviation, deviation)  # type: ignore[no-any-return]


@symbolic
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """Runs of `sequence_length` elements of the last axis, `sequence_stride` apart, along a new axis before it."""
    tensor = as_tensor(x)
    length = tensor.shape[-1]
    count = 1 + (length - sequence_length) // sequence_stride
    places = np.arange(count)[:, None] * sequence_stride + np.arange(sequence_length)
    flat = take(tensor, places.ravel(), -1)
    return reshape(flat, (*tensor.shape[:-1], count, sequence_length))
