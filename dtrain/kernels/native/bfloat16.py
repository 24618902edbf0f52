"""bfloat16 for transport, rounded in one pass; back again, NumPy is as fast."""

from __future__ import annotations

from dtrain.kernels.numpy import bfloat16 as reference
from dtrain.kernels.numpy.bfloat16 import Array, from_bfloat16

from . import _native

__all__ = ["from_bfloat16", "to_bfloat16"]


def to_bfloat16(x: Array, y: Array) -> None:
    if not _native.to_bfloat16(x, y):
        reference.to_bfloat16(x, y)
