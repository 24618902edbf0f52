"""Sequences of different lengths as one array, and data sets given batch by batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Sequence as Sized
from typing import Any

import numpy as np

from dtrain.graph import Array


def pad_sequences(
    sequences: Sized[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences as the rows of an array, filled up with `value` and cut to one length.

    Args:
        sequences: lists or arrays; their items may be arrays of one shape.
        maxlen: length of the rows; the longest sequence's if None.
        dtype: dtype of the result; `object` for strings.
        padding: "pre" or "post": where `value` is put.
        truncating: "pre" or "post": where a sequence that is too long loses items.
        value: what fills up.

    Returns:
        Array of shape `(len(sequences), maxlen, *item shape)`.
    """
    for name, choice in (("padding", padding), ("truncating", truncating)):
        if choice not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post'. Received: {name}={choice!r}")
    if isinstance(value, str) and np.dtype(dtype).kind not in "OUS":
        raise ValueError(f"pad_sequences: a string as value needs dtype=object. Received: dtype={dtype!r}")
    try:
        lengths = [len(s) for s in sequences]
    except TypeError:
        raise ValueError("pad_sequences: expected a list of sequences. Received an item without a length") from None
    length = max(lengths, default=0) if maxlen is None else maxlen
    item_shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    result: Array = np.full((len(lengths), length, *item_shape), value, dtype)
    for row, sequence in enumerate(sequences):
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype) if length else ()
        if not len(kept):
            continue
        if np.shape(kept)[1:] != item_shape:
            raise ValueError(
                f"pad_sequences: expected items of shape {item_shape}. Received: {np.shape(kept)[1:]} in sequence {row}"
            )
        if padding == "pre":
            result[row, -len(kept) :] = kept
        else:
            result[row, : len(kept)] = kept
    return result


class PyDataset:
    """A data set that gives whole batches: write `__getitem__(index)` and `__len__` (or `num_batches`).

    `__getitem__` returns `(inputs, targets)` or `(inputs, targets, sample_weights)` of batch number `index`.

    Args:
        workers: accepted for Keras's sake.
        use_multiprocessing: accepted for Keras's sake.
        max_queue_size: accepted for Keras's sake.
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method `__getitem__(index)`: write one")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for a data set without an end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} has neither `__len__` nor `num_batches`: write one of them")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch: the place to put the rows into another order."""


Sequence = PyDataset
