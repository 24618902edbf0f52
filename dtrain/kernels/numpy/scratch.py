"""Arrays that a kernel needs only while it runs. Their memory is kept, so that a training step allocates none."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class _Memory(threading.local):
    def __init__(self) -> None:
        self.arrays: dict[tuple[str, str], Array] = {}


_memory = _Memory()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """An array with any content, at the same place for the same name until a larger one is asked for.

    Two arrays that are in use at the same time need different names.
    """
    kind = np.dtype(dtype)
    size = prod(shape)
    held = _memory.arrays.get((name, kind.str))
    if held is None or held.size < size:
        held = _memory.arrays[name, kind.str] = np.empty(size, kind)
    return held[:size].reshape(shape)
