"""Reductions that leave out what is not a number; the gradient there is 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .arithmetic import divide
from .choice import maximum, where
from .comparison import isnan
from .creation import cast, value_of_all
from .elementwise import float_dtype, sqrt, square
from .extremes import argmax, argmin, prod
from .extremes import max as reduce_max
from .extremes import min as reduce_min
from .indexing import take_along_axis
from .joining import stack
from .reduction import all as reduce_all
from .reduction import sum as reduce_sum
from .rounding import ceil, floor, round
from .shaping import expand_dims
from .sorting import cumprod, cumsum, lined_up, sort

Axis = int | Sequence[int] | None


def _filled(x: Any, value: float) -> tuple[Tensor, Tensor]:
    """x with `value` in place of NaN, and where that was."""
    tensor = as_tensor(x)
    gone = isnan(tensor)
    return (where(gone, value, tensor) if tensor.spec.is_float else tensor), gone


def _count(gone: Tensor, axis: Axis, keepdims: bool, like: Tensor) -> Tensor:
    return reduce_sum(cast(~gone, float_dtype(like.spec.dtype)), axis, keepdims)


@symbolic
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis` of all that is a number."""
    return reduce_sum(_filled(x, 0.0)[0], axis, keepdims)


@symbolic
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over `axis` of all that is a number."""
    return prod(_filled(x, 1.0)[0], axis, keepdims)


@symbolic
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum along `axis` in which NaN counts 0."""
    return cumsum(_filled(x, 0.0)[0], axis, dtype)


@symbolic
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product along `axis` in which NaN counts 1."""
    return cumprod(_filled(x, 1.0)[0], axis, dtype)


@symbolic
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis` of all that is a number; NaN where nothing is."""
    tensor, gone = _filled(x, 0.0)
    return divide(reduce_sum(tensor, axis, keepdims), _count(gone, axis, keepdims, tensor))


@symbolic
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean square distance from the mean, of all that is a number."""
    tensor, gone = _filled(x, 0.0)
    away = where(gone, 0.0, tensor - nanmean(x, axis, True))
    return divide(reduce_sum(square(away), axis, keepdims), _count(gone, axis, keepdims, tensor))


@symbolic
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The root of `nanvar`."""
    return sqrt(nanvar(x, axis, keepdims))


@symbolic
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest number over `axis`; NaN where there is none."""
    return _extreme(x, axis, keepdims, largest=True)


@symbolic
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest number over `axis`; NaN where there is none."""
    return _extreme(x, axis, keepdims, largest=False)


def _extreme(x: Any, axis: Axis, keepdims: bool, largest: bool) -> Tensor:
    tensor, gone = _filled(x, -np.inf if largest else np.inf)
    y = (reduce_max if largest else reduce_min)(tensor, axis, keepdims)
    return where(reduce_all(gone, axis, keepdims), np.nan, y) if tensor.spec.is_float else y


@symbolic
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest number along `axis`; -1 where there is none."""
    tensor, gone = _filled(x, -np.inf)
    return where(reduce_all(gone, axis, keepdims), -1, argmax(tensor, axis, keepdims))  # type: ignore[no-any-return]


@symbolic
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest number along `axis`; -1 where there is none."""
    tensor, gone = _filled(x, np.inf)
    return where(reduce_all(gone, axis, keepdims), -1, argmin(tensor, axis, keepdims))  # type: ignore[no-any-return]


@symbolic
def nanquantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The value below which a part q of the numbers along `axis` lies; `method` as in `quantile`."""
    tensor = as_tensor(x)
    flat, axes = lined_up("nanquantile", tensor, axis)
    ordered, gone = _filled(flat, np.inf)
    ordered = sort(ordered, -1)
    count = _count(gone, -1, True, flat)  # (..., 1)
    results = [_at(ordered, float(part), count, method) for part in np.ravel(value_of_all(q))]
    if keepdims:
        results = [expand_dims(y, list(axes)) for y in results]
    if not np.ndim(q):
        return results[0]
    return stack(results)


def _at(ordered: Tensor, part: float, count: Tensor, method: str) -> Tensor:
    """The quantile of rows of which the first `count` elements are numbers."""
    from .creation import cast

    position = maximum(part * (count - 1), 0.0)
    low, high = floor(position), ceil(position)
    fractions = {
        "linear": position - low,
        "lower": low * 0,
        "higher": high - low,
        "midpoint": (high - low) / 2,
        "nearest": round(position) - low,
    }
    if method not in fractions:
        raise ValueError(f"nanquantile: expected one of {', '.join(fractions)}. Received: method={method!r}")
    first, second = (take_along_axis(ordered, cast(place, np.int32), -1) for place in (low, high))
    fraction = fractions[method]
    y = where(fraction > 0, first * (1 - fraction) + second * fraction, first)
    return where(count > 0, y, np.nan)[..., 0]  # type: ignore[no-any-return]


@symbolic
def nanpercentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`nanquantile` with q in hundredths."""
    return nanquantile(x, value_of_all(q) / 100, axis, method, keepdims)


@symbolic
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle number along `axis`."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)
