"""A named array that lives from step to step: a parameter, a moving statistic, a counter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from .allowance import spend
from .operators import TensorOperators
from .spec import Array, Shape, Spec

if TYPE_CHECKING:
    from .tensor import Tensor

Initializer = Callable[..., Any]


class Variable(TensorOperators):
    """A named array that ops can read and that `assign` overwrites in place.

    Args:
        initializer: the initial value (array or number), or a callable `initializer(shape, dtype=...)`.
        shape: needed with a callable.
        trainable: whether `fit` changes it.
        name: last part of `path`.

    While a model is being traced, reading a variable records a read and `assign` records a write that takes effect
    when the step ends; elsewhere both act at once.
    """

    moves: ClassVar[int] = 0
    """How often any variable has moved to other memory: programs bound to the old place must be bound anew."""

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
    ) -> None:
        if callable(initializer) and shape is None:
            raise ValueError(f"Variable {name!r}: expected `shape` beside a callable initializer. Received: shape=None")
        kind = np.dtype(dtype or "float32")
        if callable(initializer):
            spend(name, shape or (), kind)
            value = np.asarray(initializer(tuple(shape or ()), dtype=kind), dtype=kind)
        else:
            value = np.array(initializer, dtype=dtype)
            if dtype is None and value.dtype == np.float64:
                value = value.astype(np.float32)
        self.array: Array = np.ascontiguousarray(value).reshape(value.shape)
        self.name = name or "variable"
        self.path = self.name
        self.trainable = trainable
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.regularizer: Any = None
        self.constraint: Any = None
        self.is_part = False  # whether every process has its own part of the sum that this variable stands for

    @property
    def shape(self) -> Shape:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return self.array.dtype.name

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def spec(self) -> Spec:
        return Spec(self.array.shape, self.array.dtype)

    @property
    def value(self) -> Tensor:
        """The value as a tensor: in a trace what the step will hold, else a copy of what is there now."""
        from .trace import value_of

        return value_of(self)

    def numpy(self) -> Array:
        """A copy of the value."""
        return self.array.copy()

    def assign(self, value: Any) -> Variable:
        """Overwrite the value; its shape must stay."""
        from .trace import assign

        assign(self, value)
        return self

    def assign_add(self, value: Any) -> Variable:
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Variable:
        return self.assign(self - value)

    def rebind(self, storage: Array) -> None:
        """Move the value into `storage` (same shape and dtype), which becomes the variable's memory."""
        storage[...] = self.array
        self.array = storage
        Variable.moves += 1

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.array, dtype=dtype)

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.array!r}>"
