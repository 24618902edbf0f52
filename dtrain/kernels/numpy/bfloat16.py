"""bfloat16, the upper half of a float32: made for transport, since NumPy has no such dtype; held as uint16."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CHUNK = 1 << 14  # values at a time, so that what is in between stays in the cache
_NAN = 0x7FC0


def to_bfloat16(x: Array, y: Array) -> None:
    """y = x, float32, rounded to the nearest bfloat16, of two equally near ones to the even one. One-dimensional."""
    for start in range(0, x.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        bits = x[part].view(np.uint32)
        rounded = bits >> 16
        rounded &= 1
        rounded += 0x7FFF
        rounded += bits
        rounded >>= 16
        y[part] = rounded
        nan = np.isnan(x[part])  # its bits could wrap around, or become those of infinity
        if nan.any():
            y[part][nan] = _NAN


def from_bfloat16(x: Array, y: Array) -> None:
    """y = x as float32, exactly. One-dimensional."""
    np.left_shift(x, 16, out=y.view(np.uint32), dtype=np.uint32)
