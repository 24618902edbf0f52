"""Class numbers as vectors, and rows of unit norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.config import floatx
from dtrain.graph import Array, Tensor


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """One-hot rows: class number k becomes a vector with 1 at k and 0 elsewhere.

    Args:
        x: integers in [0, num_classes), of any shape; a last axis of length 1 is dropped.
        num_classes: length of the vectors; the largest number plus 1 if None.

    Returns:
        Array of shape `x.shape + (num_classes,)` in the default float type.

    Raises:
        ValueError: for a class number out of range, naming its position.
    """
    numbers = np.asarray(x)
    labels = numbers.astype(np.int64)
    if labels.size and not np.array_equal(labels, numbers):
        raise ValueError("to_categorical: expected whole class numbers. Received fractions.")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = int(num_classes or (labels.max() + 1 if labels.size else 0))
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        at = int(outside[0])
        number = labels.reshape(-1)[at]
        raise ValueError(
            f"to_categorical: expected class numbers in [0, {classes}). Received {number} at position {at}"
        )
    result: Array = np.zeros((labels.size, classes), floatx())
    result[np.arange(labels.size), labels.reshape(-1)] = 1
    return result.reshape(*labels.shape, classes)


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """`x` divided by its norms of this order along `axis`; what has norm 0 stays as it is."""
    array = np.asarray(x)
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    result = array / np.expand_dims(norms, axis)
    if not isinstance(x, Tensor):
        return result
    from dtrain.graph import as_tensor

    return as_tensor(result)
