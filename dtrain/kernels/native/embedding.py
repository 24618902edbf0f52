"""Rows of a table by their numbers, and the sum of gradients by row, one pass over the rows each."""

from __future__ import annotations

from dtrain.kernels.numpy import embedding as reference
from dtrain.kernels.numpy.embedding import Array, block_rows

from . import _native

__all__ = ["block_rows", "gather", "scatter_add"]


def gather(x: Array, w: Array, y: Array) -> None:
    if not _native.gather(x, w, y, w.shape[1]):
        reference.gather(x, w, y)


def scatter_add(x: Array, dy: Array, dw: Array, scratch: Array) -> None:
    if not _native.scatter_add(x, dy, dw, dw.shape[1]):
        reference.scatter_add(x, dy, dw, scratch)
