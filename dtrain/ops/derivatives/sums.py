"""Reductions, and sums over processes.

Each gradient here is that of the whole batch, the same on every process. So the gradient of a sum over processes is
that of each part, and nothing is to be added.
"""

from __future__ import annotations

from typing import Any

from dtrain.graph import Tensor

from ..choice import maximum
from ..collective import AllSum, Once
from ..creation import cast
from ..elementwise import exp
from ..extremes import Logsumexp, Max, Min
from ..gathering import OwnRows, Spread, all_rows, own_rows
from ..joining import pad
from ..pooling import MaxPool
from ..probabilities import LogSoftmax, Softmax, Sparsemax
from ..reduction import Mean, Sum, sum
from .rules import composed, formula, reduced, spread

formula(Sum, dx=lambda dy, x, axes: spread(dy, axes, x))
formula(Mean, dx=lambda dy, x, axes, count: spread(dy / count, axes, x))
formula(AllSum, dx=lambda dy: dy)
formula(Once, dx=lambda dy: dy)
formula(Spread, dx=lambda dy, x: own_rows(dy, x.spec.batch, x.spec.rows))
formula(OwnRows, dx=lambda dy: all_rows(dy))


def _shared(dy: Tensor, x: Tensor, y: Tensor, axes: Any) -> Tensor:
    """Equal parts for all that are the extreme one."""
    extreme = cast(x == reduced(y, axes, x), dy.dtype)
    return extreme * (reduced(dy, axes, x) / sum(extreme, axes, keepdims=True))  # type: ignore[no-any-return]


formula(Max, dx=_shared)
formula(Min, dx=_shared)
formula(Logsumexp, dx=lambda dy, x, y, axes: exp(x - reduced(y, axes, x)) * reduced(dy, axes, x))
formula(Softmax, dx=lambda dy, y, axis: y * (dy - sum(dy * y, axis, keepdims=True)))
formula(LogSoftmax, dx=lambda dy, y, axis: dy - exp(y) * sum(dy, axis, keepdims=True))


def _on_support(dy: Tensor, y: Tensor) -> Tensor:
    support = cast(y > 0, dy.dtype)
    there = dy * support
    return there - support * (sum(there, -1, keepdims=True) / sum(support, -1, keepdims=True))  # type: ignore[no-any-return]


formula(Sparsemax, dx=_on_support)


def _largest(x: Tensor, pool_size: Any, strides: Any, padding: Any) -> Tensor:
    """Windows laid on one another; of equal values the first is taken, as by the op."""
    lowest = float("-inf")
    wide = pad(x, ((0, 0), *padding, (0, 0)), constant_values=lowest) if any(map(any, padding)) else x
    lengths = wide.spec.shape[1:-1]
    views = [wide]
    for axis, (size, step, length) in enumerate(zip(pool_size, strides, lengths, strict=True), 1):
        reach = (length - size) // step * step + 1
        key = (slice(None),) * axis
        views = [view[(*key, slice(k, k + reach, step))] for view in views for k in range(size)]
    y = views[0]
    for view in views[1:]:
        y = maximum(y, view)
    return y


composed(MaxPool, _largest)
