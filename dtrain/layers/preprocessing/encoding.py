"""Integers as the outputs that the lookup layers offer: one_hot, multi_hot, count."""

from __future__ import annotations

from typing import Any

from dtrain import ops


def encode(x: Any, output_mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Integers x as they are ("int"), or as vectors of length `depth`.

    "one_hot": a vector for each integer (a last axis of length 1 is replaced). "multi_hot" and "count": a vector for
    each row of integers, with ones at all places that occur, or with how often (or with which weight) they do.
    """
    if output_mode == "int":
        return x
    if output_mode == "one_hot":
        if len(x.shape) > 1 and int(x.shape[-1]) == 1:
            x = ops.squeeze(x, -1)
        return ops.one_hot(x, depth, dtype=dtype)
    if len(x.shape) == 1:
        x = ops.expand_dims(x, -1)
        weights = None if weights is None else ops.expand_dims(weights, -1)
    vectors = ops.one_hot(x, depth, dtype=dtype)
    if output_mode == "multi_hot":
        return ops.max(vectors, axis=-2)
    return ops.sum(vectors if weights is None else vectors * ops.expand_dims(weights, -1), axis=-2)
