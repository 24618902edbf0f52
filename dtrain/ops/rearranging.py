"""Elements in other places: turned, dealt out to blocks, chosen from several tensors, found and counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.config import standardize_data_format
from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .choice import where
from .creation import cast, known_value
from .cutting import split
from .diagonals import diag
from .elementwise import log, sqrt, square
from .joining import concatenate, flip
from .linear import matmul
from .powers import floor_divide, mod
from .reduction import mean
from .reduction import sum as reduce_sum
from .shaping import expand_dims, ravel, reshape, swapaxes, transpose
from .sorting import argsort, bincount


class View(Op):
    """y = the bytes of x read as numbers of another dtype"""

    @staticmethod
    def spec(x: Spec, *, dtype: np.dtype[Any]) -> Spec:
        last = x.shape[-1] * x.dtype.itemsize if x.ndim else x.dtype.itemsize
        if x.dtype.itemsize != dtype.itemsize and (not x.ndim or last % dtype.itemsize):
            raise ValueError(f"view: {last} bytes of the last axis are no whole number of {dtype} elements")
        return x.with_shape((*x.shape[:-1], last // dtype.itemsize) if x.ndim else ()).with_dtype(dtype)

    @staticmethod
    def forward(x: Array, y: Array, *, dtype: np.dtype[Any]) -> None:
        np.copyto(y, np.ascontiguousarray(x).view(dtype).reshape(y.shape))


@symbolic
def view(x: Any, dtype: Any = None) -> Tensor:
    """The bytes of x read as numbers of another dtype. It has no gradient."""
    tensor = as_tensor(x)
    return tensor if dtype is None else apply(View, tensor, dtype=np.dtype(dtype))


@symbolic
def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """The plane of two axes turned k times by 90 degrees, from the first towards the second axis."""
    tensor = as_tensor(array)
    first, second = (a % tensor.ndim for a in axes)
    if first == second:
        raise ValueError(f"rot90: expected two different axes. Received: axes={axes}")
    turns = k % 4
    if turns == 2:
        return flip(flip(tensor, first), second)
    if turns == 1:
        return swapaxes(flip(tensor, second), first, second)
    return flip(swapaxes(tensor, first, second), second) if turns else tensor


@symbolic
def diagflat(x: Any, k: int = 0) -> Tensor:
    """A matrix with the elements of x on diagonal number k."""
    return diag(ravel(x), k)


def _three_axes(x: Any) -> Tensor:
    tensor = as_tensor(x)
    if tensor.ndim >= 3:
        return tensor
    return expand_dims(tensor, -1) if tensor.ndim == 2 else reshape(tensor, (1, -1, 1))


@symbolic
def dstack(xs: Sequence[Any]) -> Tensor:
    """Tensors joined along the third axis, vectors and matrices as (1, N, 1) and (N, M, 1)."""
    return concatenate([_three_axes(x) for x in xs], 2)


@symbolic
def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Parts along the third axis: equal ones, or cut at indices."""
    return list(split(x, indices_or_sections, 2))


@symbolic
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """Element by element that of the first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ValueError(f"select: expected a choice for each condition. Received: {len(condlist)}, {len(choicelist)}")
    y = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        y = where(condition, choice, y)
    return as_tensor(y)


@symbolic
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """The places in a tensor of `shape` of the elements with these numbers in its flat order."""
    rest, found = as_tensor(indices), []
    for length in reversed(tuple(shape)):
        found.append(mod(rest, length))
        rest = floor_divide(rest, length)
    return tuple(reversed(found))


@symbolic
def argpartition(x: Any, kth: int, axis: int = -1) -> Tensor:
    """Places such that element `kth` is where sorting puts it, smaller ones before and larger ones behind."""
    return argsort(x, axis)


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different values of x in rising order; on request where each first is, which one each is, how often it is.

    Args:
        size: cut or fill (by `fill_value`, else the first value) the result to this length.

    Raises:
        ValueError: in a model, where the values are not known yet.
    """
    value = known_value(x)
    if value is None:
        raise ValueError("unique: the values, and so their number, are not known while a model is being traced")
    found = list(np.unique(value, True, True, True, axis=axis))
    if size is not None:
        found = [
            _sized(part, size, fill_value if k == 0 else 0, axis) if k != 2 else part for k, part in enumerate(found)
        ]
    wanted = (True, return_index, return_inverse, return_counts)
    results = tuple(as_tensor(part if k == 0 else part.astype(np.int32)) for k, part in enumerate(found) if wanted[k])
    return results if len(results) > 1 else results[0]


def _sized(values: Array, size: int, fill: Any, axis: int | None) -> Array:
    place = axis or 0
    values = np.take(values, np.arange(min(size, values.shape[place])), place) if values.ndim > place else values
    missing = size - values.shape[place]
    if missing <= 0:
        return values
    first = np.take(values, [0], place)
    block = np.repeat(first, missing, place) if fill is None else np.full_like(np.repeat(first, missing, place), fill)
    return np.concatenate([values, block], place)


@symbolic
def histogram(x: Any, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Tensor, Tensor]:
    """How many elements of x lie in each of `bins` equal intervals between the smallest and largest, or in `range`."""
    tensor, value = as_tensor(x), known_value(x)
    if range is None and value is None:
        raise ValueError("histogram: expected `range` in a model, where the values are not known yet")
    low, high = range or (float(value.min()), float(value.max()))  # type: ignore[union-attr]
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    edges = np.linspace(low, high, bins + 1)
    flat = ravel(tensor)
    place = cast((flat - low) * (bins / (high - low)), np.int32)
    place = where(flat == high, bins - 1, place)
    inside = cast((flat >= low) & (flat <= high), np.int32)
    return bincount(where(inside > 0, place, bins), minlength=bins + 1)[:bins], cast(edges, np.float32)


def dtype(x: Any) -> str:
    """The name of the dtype of x."""
    return str(getattr(x, "dtype", None) or as_tensor(x).dtype)


@symbolic
def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Blocks of `block_size` rows and columns of images, put into the channels."""
    return _deal(x, block_size, standardize_data_format(data_format), to_depth=True)


@symbolic
def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Channels of images dealt out to blocks of `block_size` rows and columns."""
    return _deal(x, block_size, standardize_data_format(data_format), to_depth=False)


def _deal(x: Any, size: int, data_format: str, to_depth: bool) -> Tensor:
    tensor = as_tensor(x)
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"Expected a positive integer. Received: block_size={size!r}")
    if data_format == "channels_first":
        moved = _deal(transpose(tensor, (0, 2, 3, 1)), size, "channels_last", to_depth)
        return transpose(moved, (0, 3, 1, 2))
    n, height, width, channels = tensor.shape
    if to_depth:
        blocks = reshape(tensor, (n, height // size, size, width // size, size, channels))
        return reshape(
            transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, height // size, width // size, size * size * channels)
        )
    blocks = reshape(tensor, (n, height, width, size, size, channels // (size * size)))
    return reshape(transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, height * size, width * size, channels // (size * size)))


@symbolic
def cdist(x: Any, y: Any) -> Tensor:
    """The distances between all rows of x (..., N, D) and all rows of y (..., M, D)."""
    a, b = as_tensor(x), as_tensor(y)
    lengths = expand_dims(reduce_sum(square(a), -1), -1) + expand_dims(reduce_sum(square(b), -1), -2)
    squares = lengths - 2 * matmul(a, swapaxes(b, -1, -2))
    positive = squares > 0
    return where(positive, sqrt(where(positive, squares, 1.0)), 0.0)  # type: ignore[no-any-return]


@symbolic
def psnr(x1: Any, x2: Any, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio in dB: `20 log10(max_val) - 10 log10(mean((x1 - x2)^2))`."""
    error = mean(square(as_tensor(x1) - as_tensor(x2)))
    return 20 * math.log10(max_val) - 10 / math.log(10) * log(error)  # type: ignore[no-any-return]
