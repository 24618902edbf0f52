"""Functions composed of others: stable sums of exponentials, norms, grids, values without NaN."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .activation import clip, softplus
from .arithmetic import divide, subtract
from .choice import maximum, minimum, where
from .comparison import isclose, isfinite, isnan
from .creation import cast
from .decompositions import svd
from .elementwise import absolute, rsqrt, sqrt, square
from .extremes import max as reduce_max
from .extremes import min as reduce_min
from .reduction import Axes, mean, normalize_axes
from .reduction import all as reduce_all
from .reduction import sum as reduce_sum
from .shaping import broadcast_to, expand_dims, moveaxis


@symbolic
def logaddexp(x1: Any, x2: Any) -> Tensor:
    """`log(exp(x1) + exp(x2))`, without overflow."""
    return maximum(x1, x2) + softplus(-absolute(subtract(x1, x2)))  # type: ignore[no-any-return]


@symbolic
def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """`log2(2 ** x1 + 2 ** x2)`, without overflow."""
    ln2 = np.log(2.0).item()
    return logaddexp(as_tensor(x1) * ln2, as_tensor(x2) * ln2) / ln2  # type: ignore[no-any-return]


@symbolic
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`, and 0 where x2 is 0."""
    b = as_tensor(x2)
    zero = b == 0
    return where(zero, 0, divide(x1, where(zero, 1, b)))  # type: ignore[no-any-return]


@symbolic
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with NaN and infinities replaced (infinities by the largest numbers of the dtype if None)."""
    tensor = as_tensor(x)
    if not tensor.spec.is_float:
        return tensor
    limits = np.finfo(tensor.spec.dtype)
    high = as_tensor(float(limits.max) if posinf is None else posinf, tensor.spec.dtype)
    low = as_tensor(float(limits.min) if neginf is None else neginf, tensor.spec.dtype)
    edge = where(tensor > 0, high, where(isnan(tensor), nan, low))
    return where(isfinite(tensor), tensor, edge)  # type: ignore[no-any-return]


@symbolic
def norm(x: Any, ord: Any = None, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The length of vectors along one axis, or the size of matrices along two (of all of x, as one vector, if None).

    Args:
        ord: None (root of the sum of squares), "fro" (the same, of matrices), inf, -inf, 0, or a number p
            (`sum(|x| ** p) ** (1 / p)`); for matrices 1, -1, inf, -inf: the largest or smallest sum of |x|; 2, -2,
            "nuc": the largest or smallest singular value, or their sum.

    Raises:
        ValueError: for an `ord` that vectors or matrices do not have.
    """
    tensor = as_tensor(x)
    axes = normalize_axes("norm", axis, tensor.ndim)
    if isinstance(ord, str) and (len(axes) != 2 or ord not in ("fro", "nuc")):
        raise ValueError(f"norm: expected a number, or 'fro' or 'nuc' for matrices. Received: ord={ord!r}, axis={axis}")
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        return _spectral_norm(tensor, ord, axes, keepdims)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return sqrt(reduce_sum(square(tensor), axes, keepdims))
    size = absolute(tensor)
    if len(axes) == 2 and ord in (1, -1, np.inf, -np.inf):
        summed, other = axes if builtins.abs(ord) == 1 else axes[::-1]
        extreme = reduce_max if ord > 0 else reduce_min
        y = extreme(reduce_sum(size, summed, True), other, keepdims=True)
        return y if keepdims else y.__getitem__(tuple(0 if k in axes else slice(None) for k in range(tensor.ndim)))
    if len(axes) != 1:
        raise ValueError(
            f"norm: expected ord None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf for matrices. Received: ord={ord!r}"
        )
    if ord in (np.inf, -np.inf):
        return (reduce_max if ord > 0 else reduce_min)(size, axes, keepdims)
    if ord == 0:
        return cast(reduce_sum(tensor != 0, axes, keepdims), tensor.dtype)
    return reduce_sum(size**ord, axes, keepdims) ** (1 / ord)  # type: ignore[no-any-return]


def _spectral_norm(x: Tensor, ord: Any, axes: Axes, keepdims: bool) -> Tensor:
    values = svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
    y = reduce_sum(values, -1) if ord == "nuc" else (reduce_max if ord > 0 else reduce_min)(values, -1)
    return expand_dims(y, axes) if keepdims else y


@symbolic
def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """x divided by its length along `axis`, which counts as at least `epsilon` (1e-7)."""
    tensor, least = as_tensor(x), 1e-7 if epsilon is None else epsilon
    if order == 2:
        return tensor * rsqrt(maximum(reduce_sum(square(tensor), axis, True), least**2))  # type: ignore[no-any-return]
    return tensor / maximum(norm(tensor, order, axis, True), least)  # type: ignore[no-any-return]


@symbolic
def moments(
    x: Any, axes: int | Sequence[int], keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes`; over the batch axis always those of the rows of all processes."""
    tensor = as_tensor(x)
    centre = mean(tensor, axes, keepdims=True)
    spread = mean(square(tensor - centre), axes, keepdims)
    return (centre if keepdims else mean(tensor, axes)), spread


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid: one tensor of the grid's shape for each vector.

    Args:
        indexing: "xy" (the first vector runs along the second axis) or "ij" (along the first).
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij'. Received: indexing={indexing!r}")
    tensors = [as_tensor(v) for v in x]
    n = len(tensors)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = 1, 0
    shape = [0] * n
    for place, t in zip(places, tensors, strict=True):
        shape[place] = t.shape[0]
    return [
        broadcast_to(expand_dims(t, [k for k in range(n) if k != place]), shape)
        for place, t in zip(places, tensors, strict=True)
    ]


@symbolic
def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """x as numbers of `dtype`, those beyond its range as its largest or smallest."""
    target = np.dtype(dtype)
    limits = np.finfo(target) if target.kind == "f" else np.iinfo(target)
    return cast(clip(x, float(limits.min), float(limits.max)), target)


@symbolic
def hypot(x1: Any, x2: Any) -> Tensor:
    """`sqrt(x1 * x1 + x2 * x2)`, without overflow."""
    a, b = absolute(x1), absolute(x2)
    largest = maximum(a, b)
    return largest * sqrt(1 + square(divide_no_nan(minimum(a, b), largest)))  # type: ignore[no-any-return]


@symbolic
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 where x1 is negative, x2 where it is 0, 1 where it is positive."""
    x = as_tensor(x1)
    return where(x == 0, x2, cast(x > 0, x.dtype))  # type: ignore[no-any-return]


@symbolic
def ptp(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The largest less the smallest element over `axis` (all axes if None)."""
    return reduce_max(x, axis, keepdims) - reduce_min(x, axis, keepdims)  # type: ignore[no-any-return]


@symbolic
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all elements are close: `|x1 - x2| <= atol + rtol * |x2|`."""
    return reduce_all(isclose(x1, x2, rtol, atol, equal_nan))
