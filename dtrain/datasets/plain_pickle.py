"""Pickles that hold numbers alone: of anything else nothing is made, so that a strange file cannot run code.

Arrays are rebuilt here, from bytes and the names of types: NumPy's own `__setstate__` trusts what it is given. The
unpickler is Python's in Python: that in C reserves whatever memory a pickle of a few bytes asks for.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KIND = re.compile(r"[biufSU]\d{1,4}|O8?")
_MOST_DEPTH = 32


class _Type:
    """What `numpy.dtype(name, align, copy)` and the state set then stand for."""

    def __init__(self, name: Any, *_: Any) -> None:
        text = name.decode("ascii") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _KIND.fullmatch(text):
            raise ValueError(f"the type {name!r} is refused: expected numbers or text")
        self.name, self.order = text, "="

    def __setstate__(self, state: Any) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in tuple("<>=|"):
            raise ValueError(f"the byte order {order!r} is not known")
        self.order = order


class _Array:
    """What `numpy.ndarray` stands for: its values come as a state."""

    values: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, in_columns, data = state
        if min(shape, default=0) < 0:
            raise ValueError(f"an array of shape {shape}")
        order = "F" if in_columns is True or in_columns == 1 else "C"
        if kind.name.startswith("O"):
            values = objects(data)
        else:
            raw = data if isinstance(data, bytes) else data.encode("latin-1")
            values = np.frombuffer(bytearray(raw), np.dtype(kind.name).newbyteorder(kind.order))
        self.values = values.reshape(shape, order=order)  # type: ignore[call-overload]


def objects(items: Sequence[Any]) -> NDArray[Any]:
    """The items as they are in an array (n,), which NumPy would otherwise look into."""
    values = np.empty(len(items), object)
    for index, item in enumerate(items):
        values[index] = item
    return values


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str, *_: Any) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"the encoding {encoding!r} is not expected")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """How Python 3 writes none."""
    return b""


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("__builtin__", "bytes"): _no_bytes,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
}


class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise ValueError(f"a pickle of {module}.{name} is refused: expected lists, dicts, texts and arrays alone")
        make = _KNOWN[module, name]
        return lambda *args: make(*args)  # of this pickle alone: it may put attributes on it

    def persistent_load(self, pid: Any) -> Any:
        raise ValueError("a pickle that refers to other files is refused")

    def get_extension(self, code: int) -> Any:
        raise ValueError("a pickle of registered extensions is refused")


def load_plain(data: bytes) -> Any:
    """The lists, dicts, texts and arrays in a pickle of Python 2 or 3.

    Raises:
        ValueError: for a damaged pickle, and for one that would make anything else.
    """
    try:
        return _plain(_Unpickler(io.BytesIO(data), encoding="bytes").load(), _MOST_DEPTH, {})
    except (pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError,
            RecursionError, TypeError, struct.error) as error:  # fmt: skip
        raise ValueError(f"damaged pickle: {type(error).__name__}: {error}") from error


def _plain(value: Any, depth: int, done: dict[int, Any]) -> Any:
    """The value with arrays in place of what stands for them; each container once, however often it is referred to."""
    if isinstance(value, _Array):
        if value.values is None:
            raise ValueError("an array without values")
        if value.values.dtype.hasobject:
            items = [_plain(item, depth - 1, done) for item in value.values.flat]
            value.values = objects(items).reshape(value.values.shape)
        return value.values
    if not isinstance(value, (list, tuple, dict)):
        if isinstance(value, (_Type, type)) or callable(value):
            raise ValueError(f"expected lists, dicts, texts and arrays alone. Found: {value!r}")
        return value
    if not depth:
        raise ValueError(f"nested more than {_MOST_DEPTH} deep")
    if id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {key: _plain(item, depth - 1, done) for key, item in value.items()}
        elif all(type(item) is int for item in value):
            done[id(value)] = value
        else:
            done[id(value)] = type(value)(_plain(item, depth - 1, done) for item in value)
    return done[id(value)]
