"""A limit on the memory of new variables, while a model is made from a file that could ask for any amount of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

import numpy as np


class _Left(threading.local):
    def __init__(self) -> None:
        self.bytes: int | None = None


_left = _Left()


@contextmanager
def allowance(count: int | None) -> Iterator[None]:
    """Within the block, the variables that are made may take `count` bytes together (None: any number)."""
    outer, _left.bytes = _left.bytes, count
    try:
        yield
    finally:
        _left.bytes = outer


def spend(name: str | None, shape: Sequence[int], dtype: np.dtype[np.generic]) -> None:
    """Take the bytes of a new variable from what is left.

    Raises:
        ValueError: when that is too little.
    """
    if _left.bytes is None:
        return
    wanted = prod(shape) * dtype.itemsize
    if wanted > _left.bytes:
        raise ValueError(
            f"the weight {name!r} of shape {tuple(shape)} takes {wanted:,} bytes, far more than the file holds "
            f"({max(_left.bytes, 0):,} bytes are left for it)"
        )
    _left.bytes -= wanted
