"""Order: sorted values and their places, the largest few, running sums, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, broadcast_specs
from dtrain.graph.symbolic import symbolic

from .comparison import isnan, logical_and
from .creation import cast, known_value, ones_like, value_of_all
from .elementwise import float_dtype
from .indexing import take_along_axis
from .reduction import Axes, normalize_axes, sum_dtype
from .reduction import any as reduce_any
from .reduction import sum as reduce_sum
from .rows import require_whole_rows
from .shaping import expand_dims, moveaxis, normalize_axis, ravel, reshape

Axis = int | Sequence[int] | None


class Argsort(Op):
    """y = places of the elements of x in rising order along the last axis; equal ones stay in their order."""

    @staticmethod
    def spec(x: Spec) -> Spec:
        require_whole_rows("sorting", x, (x.ndim - 1,))
        return x.with_dtype(np.int32)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, np.argsort(x, axis=-1, kind="stable"), casting="same_kind")


class Cumsum(Op):
    """y[k] = x[0] + ... + x[k] along `axis`."""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, *, axis: int) -> Spec:
        require_whole_rows("cumsum", x, (axis,))
        return x.with_dtype(sum_dtype(x.dtype))

    @staticmethod
    def forward(x: Array, y: Array, *, axis: int) -> None:
        np.add.accumulate(x, axis, y.dtype, y)

    @staticmethod
    def dx(dy: Array, dx: Array, *, axis: int) -> None:
        np.add.accumulate(np.flip(dy, axis), axis, dx.dtype, np.flip(dx, axis))


class Cumprod(Op):
    """y[k] = x[0] * ... * x[k] along the last axis; its gradient also holds where elements are 0."""

    @staticmethod
    def spec(x: Spec) -> Spec:
        require_whole_rows("cumprod", x, (x.ndim - 1,))
        return x.with_dtype(sum_dtype(x.dtype))

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.multiply.accumulate(x, -1, y.dtype, y)

    @staticmethod
    def dx(dy: Array, x: Array, y: Array, dx: Array) -> None:
        # dx[k] = y[k - 1] * tail[k], tail[k] = dy[k] + x[k + 1] * tail[k + 1]
        tail = np.zeros(x.shape[:-1], x.dtype)
        for k in range(x.shape[-1] - 1, -1, -1):
            np.add(dy[..., k], tail, out=tail)
            np.multiply(tail, y[..., k - 1] if k else 1, out=dx[..., k])
            np.multiply(tail, x[..., k], out=tail)


class Bincount(Op):
    """y[k] = sum of the weights where x is k, along the last axis."""

    @staticmethod
    def spec(x: Spec, weights: Spec, *, length: int) -> Spec:
        require_whole_rows("bincount", x, (x.ndim - 1,))
        shape, batch, total = broadcast_specs("bincount", x, weights)
        return Spec((*shape[:-1], length), weights.dtype, *((batch, total) if batch != x.ndim - 1 else (None, 0)))

    @staticmethod
    def forward(x: Array, weights: Array, y: Array, *, length: int) -> None:
        y.fill(0)
        rows = np.indices(x.shape, sparse=True)[:-1]
        known = x < length
        np.add.at(y, (*rows, np.where(known, x, 0)), weights * known)

    @staticmethod
    def dweights(dy: Array, x: Array, dweights: Array, *, length: int) -> None:
        known = x < length
        np.multiply(np.take_along_axis(dy, np.where(known, x, 0), -1), known, out=dweights)


@symbolic
def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """The places of the elements of x in rising order along `axis` (of all of x if None, or if it is a number)."""
    tensor = as_tensor(x)
    tensor = ravel(tensor) if axis is None or (tensor.ndim == 0 and axis in (-1, 0)) else tensor
    place = normalize_axis("argsort", -1 if axis is None else axis, tensor.ndim)
    return moveaxis(apply(Argsort, moveaxis(tensor, place, -1)), -1, place)


@symbolic
def sort(x: Any, axis: int | None = -1) -> Tensor:
    """x in rising order along `axis` (all of x if None)."""
    tensor = ravel(x) if axis is None else as_tensor(x)
    axis = -1 if axis is None else axis
    if tensor.ndim == 0:
        normalize_axis("sort", axis, 1)
        return tensor
    return take_along_axis(tensor, argsort(tensor, axis), axis)


@symbolic
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis, largest first, and their places; of equal ones the first."""
    tensor = as_tensor(x)
    length = tensor.spec.global_shape[-1]
    if not 0 < k <= length:
        raise ValueError(f"top_k: expected k between 1 and {length}. Received: k={k}")
    places = argsort(-tensor)[..., :k]
    return take_along_axis(tensor, places, -1), places


@symbolic
def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether fewer than k elements of a row of predictions are larger than the one at its target; never for NaN."""
    places, y = as_tensor(targets), as_tensor(predictions)
    own = take_along_axis(y, expand_dims(places, -1), -1)
    return logical_and(reduce_sum(y > own, -1) < k, ~isnan(own)[..., 0])


@symbolic
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum along `axis` (over all of x if None)."""
    tensor = as_tensor(x) if dtype is None else cast(x, dtype)
    tensor = ravel(tensor) if axis is None else tensor
    return apply(Cumsum, tensor, axis=normalize_axis("cumsum", axis or 0, tensor.ndim))  # type: ignore[no-any-return]


@symbolic
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product along `axis` (over all of x if None)."""
    tensor = as_tensor(x) if dtype is None else cast(x, dtype)
    tensor = ravel(tensor) if axis is None else tensor
    place = normalize_axis("cumprod", axis or 0, tensor.ndim)
    return moveaxis(apply(Cumprod, moveaxis(tensor, place, -1)), -1, place)


@symbolic
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where each value would be inserted into a sorted vector, before ("left") or after ("right") equal elements."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: expected side 'left' or 'right'. Received: side={side!r}")
    steps, v = as_tensor(sorted_sequence), expand_dims(values, -1)
    return reduce_sum(steps < v if side == "left" else steps <= v, -1)


@symbolic
def digitize(x: Any, bins: Any) -> Tensor:
    """The number of the interval between the rising `bins` in which x lies: how many bins are at most x."""
    return searchsorted(bins, x, "right")


@symbolic
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each number 0, 1, ... occurs in the last axis of x (the sum of its weights).

    The length is `minlength`, or one more than the largest number where x is known and that is more.
    """
    tensor = as_tensor(x)
    require_whole_rows("bincount", tensor.spec, (tensor.ndim - 1,))
    value = known_value(x)
    if value is None and not minlength:
        raise ValueError("bincount: expected `minlength` in a model, where the numbers are not known yet")
    length = minlength if value is None else max(minlength, int(value.max(initial=-1)) + 1)
    w = ones_like(tensor, np.int32) if weights is None else as_tensor(weights)
    return apply(Bincount, tensor, w, length=length)  # type: ignore[no-any-return]


def lined_up(name: str, x: Tensor, axis: Axis) -> tuple[Tensor, Axes]:
    """x with the elements of `axis` (one, several, or all if None) along the last axis, and which axes these were."""
    axes = normalize_axes(name, axis, x.ndim)
    if len(axes) == 1:
        return moveaxis(x, axes[0], -1), axes
    if len(axes) == x.ndim:
        return ravel(x), axes
    moved = moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))
    return reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1)), axes


@symbolic
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element along `axis` (of all of x if None), the mean of the two middle ones of an even number."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


@symbolic
def quantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The value below which a part q of the elements along `axis` lies, linear between neighbours.

    `method` "lower", "higher", "nearest" and "midpoint" choose a neighbour or their middle.
    """
    tensor = as_tensor(x)
    tensor = cast(tensor, float_dtype(tensor.spec.dtype))
    row, axes = lined_up("quantile", tensor, axis)
    ordered = sort(row, -1)
    q = value_of_all(q).astype(np.float64)
    position = q * (ordered.spec.shape[-1] - 1)
    low, high = np.floor(position).astype(int), np.ceil(position).astype(int)
    between = low != position
    fractions = {
        "linear": position - low,
        "lower": 0 * position,
        "higher": between,
        "midpoint": between / 2,
        "nearest": np.round(position) - low,
    }
    if method not in fractions:
        raise ValueError(f"quantile: expected one of {', '.join(fractions)}. Received: method={method!r}")
    part = as_tensor(np.asarray(fractions[method], ordered.dtype))
    y = ordered[..., low] * (1 - part) + ordered[..., high] * part
    y = moveaxis(y, -1, 0) if np.ndim(q) else y
    if keepdims:
        y = expand_dims(y, [a + np.ndim(q) for a in axes])
    return y  # type: ignore[no-any-return]


@symbolic
def percentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` with q in hundredths."""
    return quantile(x, value_of_all(q) / 100, axis, method, keepdims)


@symbolic
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among those of x2."""
    found = reduce_any(expand_dims(x1, -1) == ravel(x2), -1)
    return ~found if invert else found
