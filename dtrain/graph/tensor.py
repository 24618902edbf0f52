"""What ops take and return: a known value (an array) or one still to be computed (a place in a trace)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from .operators import TensorOperators
from .spec import Array, Shape, Spec

if TYPE_CHECKING:
    from .trace import Trace


class Tensor(TensorOperators):
    """One value. `array` is None while its trace is being recorded.

    Its attribute `_keras_mask` may hold the mask (a boolean tensor) that layers hand on; `counts_rows` says that it
    holds the numbers 0, 1, ... of the rows of the batch.
    """

    __slots__ = ("__weakref__", "_array", "_keras_mask", "counts_rows", "index", "spec", "trace")

    def __init__(self, spec: Spec, array: Array | None = None, trace: Trace | None = None, index: int = -1) -> None:
        self.spec = spec
        self._array = array
        self.trace = trace
        self.index = index  # of the value in its trace
        self._keras_mask: Any = None
        self.counts_rows = False

    @property
    def array(self) -> Array | None:
        return self._array

    @property
    def shape(self) -> Shape:
        return self.spec.visible_shape()

    @property
    def dtype(self) -> str:
        return self.spec.dtype.name

    @property
    def ndim(self) -> int:
        return self.spec.ndim

    @property
    def size(self) -> int:
        return self.spec.global_size

    def numpy(self) -> Array:
        """The value as a NumPy array.

        Raises:
            ValueError: while a model is being traced, when the value is not known yet.
        """
        if self.array is None:
            raise ValueError(
                "The value of this tensor is not known while the model is being traced. "
                "Write the computation with dtrain.ops, or call the model on arrays to look at values."
            )
        return self.array

    def item(self) -> Any:
        return self.numpy().item()

    def tolist(self) -> Any:
        return self.numpy().tolist()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype) if copy or dtype else self.numpy()

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __index__(self) -> int:
        return self.numpy().__index__()

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __len__(self) -> int:
        if not self.spec.shape:
            raise TypeError("A tensor without axes has no length")
        return self.spec.global_shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __format__(self, format_spec: str) -> str:
        return format(self.numpy().item() if self.spec.size == 1 and self.array is not None else str(self), format_spec)

    def __repr__(self) -> str:
        value = "not yet known" if self.array is None else f"\n{self.array!r}"
        return f"<Tensor shape={self.spec.shape} dtype={self.dtype} {value}>"
