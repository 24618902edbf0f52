"""Rows that are made when they are asked for, in batches of a size and an order of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dtrain.random.keys import generator
from dtrain.random.seed import next_key

from .sampler import batch_count, batch_rows


class Samples(Protocol):
    """A known number of rows, any of which can be read."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def read_rows(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Return inputs, targets and sample weights of these rows, in this order; None for what there is not."""


class RowBatches:
    """What `utils.image_dataset_from_directory` and its like give: data for `fit`, `evaluate` and `predict`.

    There each process reads only its own rows of each batch, in an order that the seed of `fit` gives, and the
    arguments `batch_size` and `shuffle` mean nothing. In a loop it gives whole batches, in another order each time.

    Args:
        samples: the rows.
        batch_size: None: a loop gives one row after the other, and a model cannot be trained.
        shuffle: whether rows come in another order in each pass.
        seed: of the order of rows; None: that of the program.

    Attributes:
        class_names: in the order of their numbers, where there are classes.
        file_paths: in the order of the rows, where rows are files.
    """

    def __init__(self, samples: Samples, batch_size: int | None, shuffle: bool, seed: int | None = None) -> None:
        if batch_size is not None and (not isinstance(batch_size, (int, np.integer)) or batch_size < 1):
            raise ValueError(f"batch_size must be None or a positive integer. Received: batch_size={batch_size!r}")
        self.samples = samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.class_names: list[str] | None = None
        self.file_paths: list[str] = []
        self._passes = 0

    def __len__(self) -> int:
        """The number of batches."""
        return batch_count(len(self.samples), self.batch_size or 1)

    def __iter__(self) -> Iterator[Any]:
        order = self._order()
        size = self.batch_size
        for step in range(len(self)):
            start, stop = batch_rows(len(order), size or 1, step)
            x, y, weight = self.samples.read_rows(order[start:stop])
            parts = [part if size else part[0] for part in (x, y, weight) if part is not None]
            yield parts[0] if len(parts) == 1 else tuple(parts)

    def take(self, count: int) -> Iterator[Any]:
        """The first `count` batches of a pass."""
        return islice(iter(self), count)

    def _order(self) -> NDArray[np.int64]:
        count = len(self.samples)
        if not self.shuffle:
            return np.arange(count)
        key = next_key("row_batches") if self.seed is None else (self.seed, "row_batches", str(self._passes))
        self._passes += 1
        return generator(*key).permutation(count)
