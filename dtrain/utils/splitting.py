"""A data set of arrays cut in two."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph.nest import flatten, map_structure
from dtrain.random.keys import generator
from dtrain.random.seed import next_key

Size = int | float | None


def split_dataset(
    dataset: Any,
    left_size: Size = None,
    right_size: Size = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """The first rows and the others, in the structure of `dataset`.

    Args:
        dataset: an array, or a tuple, list or dict of arrays with equally many rows.
        left_size: rows of the first part, as a number or as a fraction; what `right_size` leaves if None.
        right_size: rows of the second part likewise; what `left_size` leaves if None.
        shuffle: put the rows in a random order first.
        seed: of that order; the next key of the global seed if None.
        preferred_backend: accepted for Keras's sake.
    """
    arrays = [np.asarray(leaf) for leaf in flatten(dataset)]
    counts = {len(array) for array in arrays}
    if len(counts) != 1:
        raise ValueError(f"split_dataset: expected arrays with equally many rows. Received: {sorted(counts)}")
    count = counts.pop()
    left, right = _sizes(count, left_size, right_size)
    order = np.arange(count)
    if shuffle:
        key = next_key("split_dataset") if seed is None else (seed, "split_dataset", "")
        order = generator(*key).permutation(count)
    first, second = order[:left], order[count - right :]
    return (
        map_structure(lambda leaf: np.asarray(leaf)[first], dataset),
        map_structure(lambda leaf: np.asarray(leaf)[second], dataset),
    )


def _sizes(count: int, left: Size, right: Size) -> tuple[int, int]:
    if left is None and right is None:
        raise ValueError("split_dataset: expected left_size or right_size. Received neither")
    numbers = [_rows("left_size", left, count), _rows("right_size", right, count)]
    first = count - numbers[1] if numbers[0] is None and numbers[1] is not None else numbers[0] or 0
    second = count - first if numbers[1] is None else numbers[1]
    if first < 1 or second < 1 or first + second > count:
        raise ValueError(
            f"split_dataset: expected two parts of at least one of {count} rows. "
            f"Received: left_size={left}, right_size={right}"
        )
    return first, second


def _rows(name: str, size: Size, count: int) -> int | None:
    if size is None or isinstance(size, int):
        return size
    if not 0 < size < 1:
        raise ValueError(f"split_dataset: a fraction must be in (0, 1). Received: {name}={size!r}")
    return round(size * count)
