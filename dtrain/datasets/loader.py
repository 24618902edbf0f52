"""Batches of arrays in memory, of which each rank gathers its own rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sampler import batch_count, batch_rows, epoch_order, part_rows

Array = NDArray[Any]


class BatchLoader:
    """Goes through rows of arrays, epoch by epoch, in one order for every world size.

    Args:
        arrays: of one length, the number of rows.
        batch_size: rows of a step over all ranks together.
        shuffle: whether each epoch has an order of its own.
        seed: of the orders.
        rank: of this process.
        workers: how many ranks, the first ones, have rows.
        shards: micro-shards of a batch, of which each rank gathers whole ones; None: there are none.

    Raises:
        ValueError: the arrays' lengths differ; they are listed.
    """

    def __init__(
        self,
        arrays: Sequence[Array],
        batch_size: int,
        shuffle: bool,
        seed: int,
        rank: int = 0,
        workers: int = 1,
        shards: int | None = None,
    ) -> None:
        lengths = [len(array) for array in arrays]
        if not lengths or len(set(lengths)) > 1:
            raise ValueError(f"BatchLoader: arrays must have one number of rows. Received: {lengths}")
        if batch_size < 1:
            raise ValueError(f"BatchLoader: batch_size must be positive. Received: batch_size={batch_size}")
        self.arrays = list(arrays)
        self.rows = lengths[0]
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.take_place(rank, workers, shards)

    def take_place(self, rank: int, workers: int, shards: int | None = None) -> None:
        """From the next batch on, gather the rows of another place among the ranks; arguments as in the constructor."""
        self.rank = rank
        self.workers = workers
        self.shards = shards
        most = part_rows(min(self.batch_size, self.rows), 0, workers, shards)[1]  # rank 0 never has fewer than another
        self._buffers = [np.empty((most, *array.shape[1:]), array.dtype) for array in self.arrays]

    def __len__(self) -> int:
        """Return the number of steps of an epoch."""
        return batch_count(self.rows, self.batch_size)

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[tuple[int, int, int, tuple[Array, ...]]]:
        """Yield (step, first row in the batch, rows of the whole batch, this rank's arrays) from `start_step` on.

        The arrays are valid until the next batch is asked for: their memory is used again.
        """
        order = epoch_order(self.rows, self.seed, epoch, self.shuffle)
        for step in range(start_step, len(self)):
            start, stop = batch_rows(self.rows, self.batch_size, step)
            first, last = part_rows(stop - start, self.rank, self.workers, self.shards)
            rows = order[start + first : start + last]
            yield (
                step,
                first,
                stop - start,
                tuple(self._gather(k, rows, start + first) for k in range(len(self.arrays))),
            )

    def _gather(self, index: int, rows: NDArray[np.int64], start: int) -> Array:
        array = self.arrays[index]
        if not self.shuffle:
            return array[start : start + len(rows)]
        # `mode="clip"` (all indices are in range) lets NumPy write into `out` directly.
        return np.take(array, rows, axis=0, out=self._buffers[index][: len(rows)], mode="clip")
