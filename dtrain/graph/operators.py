"""Python's operators on tensors and variables, each one an op that `dtrain.ops` has registered under its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

_OPS: dict[str, Callable[..., Any]] = {}

# NumPy's functions whose names are not those of the operators.
_UFUNCS = {
    "divide": "true_divide",
    "remainder": "mod",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "invert": "logical_not",
}


def register_operators(**functions: Callable[..., Any]) -> None:
    """Give the operators, and the names that the engine asks for, their meaning: it knows no op by itself.

    Called once, by `dtrain.ops`.
    """
    _OPS.update(functions)


def _table() -> dict[str, Callable[..., Any]]:
    """The registered functions, after importing the package that registers them if nobody has yet."""
    if not _OPS:
        importlib.import_module("dtrain.ops")
    return _OPS


def registered(name: str) -> Callable[..., Any]:
    """What `dtrain.ops` has registered under a name."""
    return _table()[name]


class TensorOperators:
    """Arithmetic, comparison and indexing by ops."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions: those of the operators (`array + tensor`) are ops, all others act on known values."""
        name = _UFUNCS.get(ufunc.__name__, ufunc.__name__)
        if method == "__call__" and not kwargs and name in _table():
            return _table()[name](*inputs)
        arrays = (np.asarray(x) if isinstance(x, TensorOperators) else x for x in inputs)
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __add__(self, other: Any) -> Any:
        return _table()["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return _table()["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return _table()["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return _table()["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return _table()["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return _table()["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return _table()["true_divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _table()["true_divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _table()["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _table()["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return _table()["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return _table()["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return _table()["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return _table()["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return _table()["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _table()["matmul"](other, self)

    def __neg__(self) -> Any:
        return _table()["negative"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _table()["absolute"](self)

    def __invert__(self) -> Any:
        return _table()["logical_not"](self)

    def __and__(self, other: Any) -> Any:
        return _table()["logical_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return _table()["logical_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return _table()["logical_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return _table()["logical_or"](other, self)

    def __eq__(self, other: object) -> Any:
        return _table()["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return _table()["not_equal"](self, other)

    def __lt__(self, other: Any) -> Any:
        return _table()["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return _table()["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return _table()["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return _table()["greater_equal"](self, other)

    def __getitem__(self, key: Any) -> Any:
        return _table()["get_item"](self, key)
