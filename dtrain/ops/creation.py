"""New values: constants, ranges, values like others, and conversion between kinds of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array, Op, Rows, Spec, StepContext, Tensor, Variable, apply, as_tensor
from dtrain.graph.nest import flatten
from dtrain.graph.symbolic import KerasTensor, symbolic

from .places import Places, places_of

FLOATX = np.dtype(np.float32)


class Fill(Op):
    """y = value everywhere; made anew in every step, so that its rows are those of the batch."""

    @staticmethod
    def spec(*, like: Spec) -> Spec:
        return like

    @staticmethod
    def forward(y: Array, *, value: float) -> None:
        y.fill(value)


class RowNumbers(Op):
    """y = the places of this process's rows among those of all processes."""

    @staticmethod
    def spec(*, rows: Rows) -> Spec:
        return Spec((rows.own,), np.dtype(np.int32), 0, rows.total)

    @staticmethod
    def forward(y: Array, *, places: Places, context: StepContext) -> None:
        for start, first, count in places.runs(y.size, context):
            y[start : start + count] = np.arange(first, first + count, dtype=y.dtype)


class Cast(Op):
    """y = x as numbers of `dtype`, cut towards zero if they become integers."""

    @staticmethod
    def spec(x: Spec, *, dtype: str) -> Spec:
        return x.with_dtype(dtype)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x, casting="unsafe")

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        np.copyto(dx, dy, casting="unsafe")


def shape_spec(shape: Any, dtype: DTypeLike) -> Spec:
    """The spec of a new value; the first length taken from the batch (`Rows`) makes its axis that of the batch."""
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    batch = next((k for k, n in enumerate(lengths) if isinstance(n, Rows)), None)
    total = 0 if batch is None else lengths[batch].total
    return Spec(tuple(n.own if k == batch else int(n) for k, n in enumerate(lengths)), np.dtype(dtype), batch, total)


def fill(spec: Spec, value: float) -> Tensor:
    """A value of this spec with `value` everywhere."""
    if spec.batch is not None:
        return apply(Fill, like=spec, value=value)  # type: ignore[no-any-return]
    return as_tensor(np.full(spec.shape, value, spec.dtype))


def zeros(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """Zeros."""
    return fill(shape_spec(shape, dtype or FLOATX), 0)


def ones(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """Ones."""
    return fill(shape_spec(shape, dtype or FLOATX), 1)


def empty(shape: int | Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
    """Zeros: memory that was never written is not handed out."""
    return zeros(shape, dtype)


def full(shape: int | Sequence[int], fill_value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """`fill_value` (a number, or what broadcasts to `shape`) everywhere."""
    if isinstance(fill_value, (bool, int, float)):
        return fill(shape_spec(shape, dtype or FLOATX), fill_value)
    value = as_tensor(fill_value)
    return fill(shape_spec(shape, dtype or value.dtype), 0) + (value if dtype is None else cast(value, dtype))  # type: ignore[no-any-return]


@symbolic
def zeros_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Zeros of the shape of x."""
    return full_like(x, 0, dtype)


@symbolic
def ones_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Ones of the shape of x."""
    return full_like(x, 1, dtype)


@symbolic
def empty_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Zeros of the shape of x: memory that was never written is not handed out."""
    return full_like(x, 0, dtype)


@symbolic
def full_like(x: Any, fill_value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """`fill_value` everywhere, in the shape (and the dtype, if None) of x."""
    tensor = as_tensor(x)
    spec = tensor.spec.with_dtype(dtype or tensor.dtype)
    if isinstance(fill_value, (bool, int, float)):
        return fill(spec, fill_value)
    return fill(spec, 0) + cast(fill_value, spec.dtype)  # type: ignore[no-any-return]


def arange(start: Any, stop: Any = None, step: Any = None, dtype: DTypeLike | None = None) -> Tensor:
    """`start, start + step, ...` below `stop`; `arange(n)` counts from 0.

    For the number of rows of a batch (`x.shape[0]`) the result holds the numbers of the rows in the global batch.
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if isinstance(stop, Rows) and start == 0 and step == 1:
        numbers = cast(apply(RowNumbers, rows=stop, places=places_of(shape_spec(stop, np.int32))), dtype or np.int32)
        numbers.counts_rows = True
        return numbers
    bounds = [_number(n) for n in (start, stop, step)]
    default = np.int32 if all(isinstance(n, int) for n in bounds) else FLOATX
    return as_tensor(np.arange(*bounds, dtype=dtype or default))


def _number(value: Any) -> int | float:
    number = value if isinstance(value, (int, float)) else np.asarray(value).item()
    return int(number) if isinstance(number, int) else float(number)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`."""
    first, last = known_value(start), known_value(stop)
    if first is None or last is None:
        return _between(start, stop, num, endpoint, retstep, dtype or FLOATX, axis)
    values, step = np.linspace(first, last, num, endpoint=endpoint, retstep=True, axis=axis)
    tensor = as_tensor(values.astype(dtype or FLOATX))
    return (tensor, as_tensor(np.asarray(step, dtype or FLOATX))) if retstep else tensor


def _between(start: Any, stop: Any, num: int, endpoint: bool, retstep: bool, dtype: DTypeLike, axis: int) -> Any:
    """`linspace` of what is computed by the model: `(1 - w) start + w stop`, w from 0 to 1 along `axis`."""
    from .shaping import expand_dims

    start, stop = cast(start, dtype), cast(stop, dtype)
    whole = stop - start
    start, stop = start + zeros_like(whole), stop + zeros_like(whole)  # of one shape
    places = np.zeros(whole.spec.ndim + 1, np.intp)
    places[axis] = -1
    weights, distance = np.linspace(0, 1, num, endpoint=endpoint, retstep=True)
    weights = weights.astype(dtype).reshape(np.where(places, num, 1))
    tensor = expand_dims(start, axis) * (1 - weights) + expand_dims(stop, axis) * weights
    return (tensor, whole * np.asarray(distance, dtype)) if retstep else tensor


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor:
    """`base ** linspace(start, stop)`"""
    values = np.logspace(value_of_all(start), value_of_all(stop), num, endpoint=endpoint, base=base, axis=axis)
    return as_tensor(values.astype(dtype or FLOATX))


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on diagonal number `k` of an N x M matrix, else zeros."""
    return as_tensor(np.eye(N, M, k, dtype=dtype or FLOATX))


def identity(n: int, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on the diagonal of an n x n matrix, else zeros."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Ones on and below diagonal number `k`, else zeros."""
    return as_tensor(np.tri(N, M, k, dtype=dtype or FLOATX))


@symbolic
def cast(x: Any, dtype: DTypeLike) -> Tensor:
    """x as numbers of `dtype`; integers and booleans carry no gradient."""
    tensor, target = as_tensor(x), np.dtype(dtype)
    return tensor if tensor.spec.dtype == target else apply(Cast, tensor, dtype=target.name)


@symbolic
def convert_to_tensor(
    x: Any, dtype: DTypeLike | None = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """x (tensor, variable, array, number, nested list) as a tensor.

    Python floats become float32 and Python integers int32; arrays keep their dtype.
    """
    if sparse or ragged:
        raise ValueError(f"convert_to_tensor: only dense tensors are known. Received: sparse={sparse}, ragged={ragged}")
    if isinstance(x, (list, tuple)) and any(isinstance(leaf, (Tensor, Variable)) for leaf in flatten(x)):
        from .joining import stack  # which is built on this module

        x = stack([convert_to_tensor(part) for part in x])
    return as_tensor(x) if dtype is None else cast(x, dtype)


array = convert_to_tensor


def convert_to_numpy(x: Any) -> Array:
    """x as a NumPy array.

    Raises:
        ValueError: for a tensor whose value is not known while a model is being traced.
    """
    return np.asarray(x)


def known_value(x: Any) -> Array | None:
    """The value of x, of all rows, if it does not depend on what a model being traced computes, else None."""
    unknown = isinstance(x, Variable) or (isinstance(x, Tensor) and x.array is None)
    return None if unknown else value_of_all(x)


def value_of_all(x: Any) -> Array:
    """The value of x, of all rows.

    Raises:
        ValueError: for a tensor whose value is not known while a model is being traced.
    """
    from .gathering import all_rows  # which is built on this module

    return np.asarray(all_rows(x) if isinstance(x, Tensor) and x.array is not None else x)


def shape(x: Any) -> tuple[Any, ...]:
    """The lengths of x; None where a symbolic tensor's length is not known yet."""
    if isinstance(x, (KerasTensor, Tensor, Variable)):
        return x.shape
    return np.shape(x)


def size(x: Any) -> int:
    """The number of elements."""
    return as_tensor(x).size


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor: known, being traced, or symbolic."""
    return isinstance(x, (Tensor, KerasTensor, Variable))
