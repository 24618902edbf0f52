"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import embedding as kernels

from .rows import require_whole_rows


class Embedding(Op):
    """y = w[x].   x (...) integers   w (V, D)   y (..., D)"""

    @staticmethod
    def spec(x: Spec, w: Spec) -> dict[str, Spec]:
        width = w.shape[1]
        return {
            "y": Spec((*x.shape, width), w.dtype, x.batch, x.total),
            "scratch": Spec((2, kernels.block_rows(width, w.dtype.itemsize), width), w.dtype),
        }

    @staticmethod
    def forward(x: Array, w: Array, y: Array) -> None:
        kernels.gather(x, w, y)

    @staticmethod
    def dw(dy: Array, x: Array, dw: Array, scratch: Array) -> None:
        kernels.scatter_add(x, dy, dw, scratch)


@symbolic
def embedding_lookup(inputs: Any, embeddings: Any) -> Tensor:
    """`embeddings[inputs]`: a row of the table for every integer.

    Args:
        inputs: integers of any shape, in [0, rows of the table).
        embeddings: (rows, width).

    Raises:
        TypeError: if the inputs are no integers.
        IndexError: when it runs, for an integer that numbers no row.
    """
    x, w = as_tensor(inputs), as_tensor(embeddings)
    if x.spec.dtype.kind not in "iu":
        raise TypeError(f"embedding_lookup: expected integers. Received: inputs of dtype {x.dtype}")
    if w.ndim != 2:
        raise ValueError(f"embedding_lookup: expected a table of shape (rows, width). Received: {w.spec.shape}")
    require_whole_rows("embedding_lookup", w.spec, (0, 1))
    return apply(Embedding, x, w)  # type: ignore[no-any-return]
