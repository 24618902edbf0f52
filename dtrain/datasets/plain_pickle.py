"""Pickles that hold numbers alone: of anything else nothing is made, so that a strange file cannot run code."""

from __future__ import annotations

import io
import pickle
from typing import Any

_ALLOWED = {
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise ValueError(f"a pickle of {module}.{name} is refused: expected lists, dicts, texts and arrays alone")
        return super().find_class(module, name)


def load_plain(data: bytes) -> Any:
    """The lists, dicts, texts and arrays in a pickle of Python 2 or 3.

    Raises:
        ValueError: for a damaged pickle, and for one that would make anything else.
    """
    try:
        return _Unpickler(io.BytesIO(data), encoding="bytes").load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"damaged pickle: {error}") from error
