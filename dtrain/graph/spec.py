"""What is known of a value before it is computed: shape, dtype, and which axis holds the rows of the batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .division import division

Array = NDArray[Any]
Shape = tuple[int, ...]


class Joined(int):
    """The global length of an axis on which the rows of several values lie one behind the other; `parts`: of each.

    A process holds its rows of the first part, then those of the second, and so on, so that all its rows together are
    no run of the whole value's rows.
    """

    parts: tuple[int, ...]


def parts_of(total: int) -> tuple[int, ...]:
    """The lengths that a global length is made of: itself, unless it is `Joined`."""
    return total.parts if isinstance(total, Joined) else (total,)


def join(parts: Iterable[int]) -> int:
    """The global length of values with these lengths, laid one behind the other."""
    lengths = tuple(parts)
    total = Joined(sum(lengths))
    total.parts = lengths
    return total if len(lengths) > 1 else int(total)


class Rows(int):
    """The length of a batch axis: as an `int`, as in `total`, the rows of all processes together; `own`: of this one.

    So Python code of a model counts as one process would. Ops that take a shape see by the type that an axis holds
    rows, of which they make this process's own. `x.shape[0] + y.shape[0]` are the rows of x and y laid one behind the
    other, `x.shape[0] * x.shape[1]` those of x with the next axis merged into them; other arithmetic gives numbers.
    """

    own: int
    total: int

    def __new__(cls, own: int, total: int) -> Rows:
        rows = super().__new__(cls, total)
        rows.own, rows.total = own, total
        return rows

    def __mul__(self, other: int) -> int:
        """Rows that are merged with another axis stay rows: `x.shape[0] * x.shape[1]`."""
        if type(other) is not int:
            return int.__mul__(self, other)
        return Rows(self.own * other, join(n * other for n in parts_of(self.total)))

    __rmul__ = __mul__

    def __add__(self, other: int) -> int:
        """The rows of two values together."""
        if not isinstance(other, Rows):
            return int.__add__(self, other)
        return Rows(self.own + other.own, join(parts_of(self.total) + parts_of(other.total)))

    def __floordiv__(self, other: int) -> int:
        """The rows of one of several equal parts."""
        parts = parts_of(self.total)
        count = len(parts) // other if type(other) is int and other > 0 else 0
        if count and parts[:count] * other == parts:
            return Rows(self.own // other, join(parts[:count]))
        return int.__floordiv__(self, other)

    def __neg__(self) -> int:
        """A place as far before the end: `x[-rows:]`."""
        return Rows(-self.own, -int(self.total))


class DividedRows(ValueError):
    """An op cannot work on rows of the batch that are divided among processes as they are.

    Args:
        message: what the op is and what it needs.
        spec: the operand whose rows it needs all of; None: that of any.
        meeting: where operands meet, as an axis counted from the end, and the rows that each of them should have there;
            None: no place would do.
    """

    def __init__(self, message: str, spec: Spec | None = None, meeting: tuple[int, Rows] | None = None) -> None:
        super().__init__(message)
        self.spec = spec
        self.meeting = meeting


@dataclass(frozen=True, slots=True)
class Spec:
    """Shape and dtype of a value; `batch` is the axis that is divided among processes and `total` its global length.

    `batch is None` means that every process holds the same whole value. A `Joined` total: the rows of several values.
    """

    shape: Shape
    dtype: np.dtype[Any]
    batch: int | None = None
    total: int = 0

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def is_float(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def divided(self) -> bool:
        """Whether each process, or micro-shard, has a part of the rows only (it may be all of them, or none)."""
        return self.batch is not None and (division.pieces > 1 or self.shape[self.batch] != self.total)

    @property
    def rows(self) -> Rows:
        """The length of the batch axis, which there must be."""
        assert self.batch is not None  # noqa: S101
        return Rows(self.shape[self.batch], self.total)

    @property
    def parts(self) -> tuple[int, ...]:
        """The global lengths of the values whose rows lie one behind the other on the batch axis."""
        return parts_of(self.total)

    @property
    def global_shape(self) -> Shape:
        """The shape that one process alone would see."""
        if self.batch is None:
            return self.shape
        return (*self.shape[: self.batch], self.total, *self.shape[self.batch + 1 :])

    @property
    def global_size(self) -> int:
        return int(np.prod(self.global_shape, dtype=np.int64))

    def describe_rows(self) -> str:
        """The global shape with its axis of rows, in words."""
        joined = f" ({' + '.join(map(str, self.parts))})" if len(self.parts) > 1 else ""
        return f"{self.global_shape} with rows on axis {self.batch}{joined}"

    def with_shape(self, shape: Shape) -> Spec:
        """The same dtype and batch axis with another shape (the batch axis keeps its length)."""
        return replace(self, shape=shape)

    def with_dtype(self, dtype: DTypeLike) -> Spec:
        return replace(self, dtype=np.dtype(dtype))

    def replicated(self) -> Spec:
        """The same value held whole by every process."""
        return replace(self, batch=None, total=0)

    def visible_shape(self) -> tuple[int, ...]:
        """The shape shown to the code of models: the batch axis is a `Rows`."""
        if self.batch is None:
            return self.shape
        return (*self.shape[: self.batch], self.rows, *self.shape[self.batch + 1 :])


def spec_of(array: Array) -> Spec:
    return Spec(array.shape, array.dtype)


def broadcast_specs(name: str, *specs: Spec, tail: int = 0) -> tuple[Shape, int | None, int]:
    """The broadcast shape of `specs` with its batch axis and global length; the operands have `tail` axes more.

    Raises:
        DividedRows: rows that are divided meet other rows, or a value that is not the same for all rows.
    """
    try:
        shape = np.broadcast_shapes(*(s.global_shape for s in specs))
    except ValueError:
        shapes = ", ".join(str(s.global_shape) for s in specs)
        raise ValueError(f"{name}: expected shapes that broadcast together. Received: {shapes}") from None
    axes = {s.batch + len(shape) - s.ndim for s in specs if s.batch is not None}
    if not axes:
        return shape, None, 0
    if any(s.divided for s in specs):
        first = next(s for s in specs if s.batch is not None and s.batch + len(shape) - s.ndim == min(axes))
        _check_divided(name, specs, first, tail)
        batch = min(axes)
        return (*shape[:batch], first.rows.own, *shape[batch + 1 :]), batch, first.total
    batch = axes.pop()
    totals = [s.total for s in specs if s.batch is not None and s.total == shape[batch]]
    alike = len({parts_of(total) for total in totals}) == 1
    return (shape, None, 0) if axes else (shape, batch, totals[0] if alike else shape[batch])


def _check_divided(name: str, specs: tuple[Spec, ...], first: Spec, tail: int) -> None:
    """Rows that are divided among processes must meet the same rows, or a value that is the same for all rows."""
    assert first.batch is not None  # noqa: S101
    from_end = first.ndim - first.batch
    same = all(s.ndim - s.batch == from_end and s.parts == first.parts for s in specs if s.batch is not None)
    whole = [s.ndim >= from_end and s.shape[s.ndim - from_end] != 1 for s in specs if s.batch is None]
    if not same or any(whole):
        listing = ", ".join(s.describe_rows() if s.batch is not None else str(s.shape) for s in specs)
        raise DividedRows(
            f"{name}: the rows of the batch are divided among processes, so that operands must have the same rows on "
            f"the same axis, or length 1 there. Received: {listing}",
            meeting=(from_end + tail, first.rows),
        )


def promote(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a mixed operation: the widest float if there is one, else NumPy's rule for integers."""
    floats = [d for d in dtypes if d.kind == "f"]
    return np.result_type(*(floats or dtypes))
