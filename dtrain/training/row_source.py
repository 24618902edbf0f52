"""Batches of data that is read row by row, such as `HDF5Data`: each rank reads its own rows, ahead of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dtrain.datasets.prefetch import prefetched
from dtrain.datasets.sampler import batch_count, batch_rows, epoch_order, part_rows

from .data import Batch, Triple, check_batch_size, with_class_weight


class Rows(Protocol):
    """Data of a known number of rows, any of which can be read."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def read_rows(self, rows: NDArray[np.int64]) -> Triple:
        """Return inputs, targets and sample weights of these rows, in this order."""


def is_rows(data: Any) -> bool:
    """Whether data can be read row by row."""
    return hasattr(data, "read_rows") and hasattr(data, "__len__")


class RowSource:
    """Rows in the global order that arrays in memory have, of which a rank reads its part of each batch."""

    def __init__(
        self,
        data: Rows,
        batch_size: int,
        shuffle: bool,
        seed: int,
        rank: int,
        workers: int,
        class_weight: Mapping[int, float] | None = None,
        shards: int | None = None,
    ) -> None:
        self._data = data
        self.rows = len(data)
        self.batch_size = check_batch_size(batch_size)
        self.shuffle = shuffle
        self._seed = seed
        self._place = rank, workers, shards
        self._class_weight = class_weight

    @property
    def content(self) -> str:
        """What the data are, to be compared by the processes."""
        describe = getattr(self._data, "fingerprint", None)
        return str(describe()) if describe is not None else type(self._data).__name__

    def reseed(self, seed: int) -> None:
        """Take the order of rows from another seed."""
        self._seed = seed

    def on_epoch_begin(self) -> None:
        """Nothing to do: the order follows from the number of the epoch."""

    def on_epoch_end(self) -> None:
        """Nothing to do, see `on_epoch_begin`."""

    @property
    def count(self) -> int:
        return batch_count(self.rows, self.batch_size)

    def peek(self) -> Batch:
        """The first batch of the first pass."""
        return next(self._read(0, 0))

    def batches(self, epoch: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of pass number `epoch`; the next ones are read while one is worked on."""
        yield from prefetched(self._read(epoch, start_step))

    def _read(self, epoch: int, start_step: int) -> Iterator[Batch]:
        order = epoch_order(self.rows, self._seed, epoch, self.shuffle)
        for step in range(start_step, self.count):
            start, stop = batch_rows(self.rows, self.batch_size, step)
            first, last = part_rows(stop - start, *self._place)
            arrays = self._data.read_rows(order[start + first : start + last])
            x, y, weight = with_class_weight(arrays, self._class_weight)
            yield Batch(x, y, weight, last - first, stop - start, first, partial(self._recut, epoch, step))

    def _recut(self, epoch: int, step: int, rank: int, workers: int, shards: int | None) -> Batch:
        self._place = rank, workers, shards  # for those to come too; the few read ahead are read again
        return next(self._read(epoch, step))
