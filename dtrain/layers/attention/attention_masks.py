"""Which positions of a query may look at which positions of a value. N batch, T query's steps, S value's steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Array


def causal_mask(queries: int, values: int) -> Array:
    """(1, T, S): True where the value's step is not after the query's."""
    return np.tri(queries, values, dtype=np.bool_)[None]


def window_mask(queries: int, values: int, width: int) -> Array:
    """(1, T, S): True where the steps are less than `width` apart."""
    distance: Array = np.abs(np.arange(queries)[None, :, None] - np.arange(values))
    return np.asarray(distance < width)


def joint_mask(
    query: Any,
    value: Any,
    query_mask: Any = None,
    value_mask: Any = None,
    key_mask: Any = None,
    attention_mask: Any = None,
    use_causal_mask: bool = False,
    sliding_window: int | None = None,
) -> Any:
    """The positions (N, T, S) that all given masks allow; None without any mask.

    Args:
        query_mask: (N, T); value_mask and key_mask: (N, S); attention_mask: (N, T, S).
    """
    lengths = int(query.shape[1]), int(value.shape[1])
    masks = [
        None if query_mask is None else ops.expand_dims(ops.cast(query_mask, "bool"), -1),
        None if value_mask is None else ops.expand_dims(ops.cast(value_mask, "bool"), -2),
        None if key_mask is None else ops.expand_dims(ops.cast(key_mask, "bool"), -2),
        causal_mask(*lengths) if use_causal_mask else None,
        window_mask(*lengths, sliding_window) if sliding_window else None,
        None if attention_mask is None else ops.cast(attention_mask, "bool"),
    ]
    joint = None
    for mask in masks:
        if mask is not None:
            joint = mask if joint is None else ops.logical_and(joint, mask)
    return joint
