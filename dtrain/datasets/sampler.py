"""Which rows belong to which step and to which rank: pure functions of integers.

There is one global order of rows for every world size. A batch is a run of it, a rank's part a run of the batch.
The first ranks, the workers, divide a batch among themselves; those after them are spares and have no rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dtrain.random.keys import generator


def epoch_order(count: int, seed: int, epoch: int, shuffle: bool) -> NDArray[np.int64]:
    """Return the order in which one epoch goes through `count` rows, a function of its arguments alone."""
    if not shuffle:
        return np.arange(count, dtype=np.int64)
    return generator(seed, "shuffle", epoch=epoch).permutation(count)


def batch_count(count: int, batch_size: int) -> int:
    """Return the number of steps of an epoch; the last one may have fewer rows."""
    return -(-count // batch_size)


def batch_rows(count: int, batch_size: int, step: int) -> tuple[int, int]:
    """Return start and stop of a step's rows in the order of the epoch.

    Raises:
        IndexError: the epoch has no such step.
    """
    if not 0 <= step < batch_count(count, batch_size):
        raise IndexError(f"step must be in [0, {batch_count(count, batch_size)}). Received: step={step}")
    return step * batch_size, min((step + 1) * batch_size, count)


def rank_rows(rows: int, rank: int, workers: int) -> tuple[int, int]:
    """Return start and stop of a rank's rows in a batch: runs whose lengths differ by at most one, maybe empty.

    A rank from `workers` on has the empty run at the end.
    """
    if rank >= workers:
        return rows, rows
    share, longer = divmod(rows, workers)
    start = rank * share + min(rank, longer)
    return start, start + share + (rank < longer)


def shard_rows(rows: int, shards: int) -> list[tuple[int, int]]:
    """Return start and stop of each of `shards` micro-shards of a batch, the same for every world size."""
    return [rank_rows(rows, shard, shards) for shard in range(shards)]


def rank_shards(shards: int, rank: int, workers: int) -> tuple[int, int]:
    """Return start and stop of the micro-shards that a rank works on: whole ones, in one run; none from `workers` on.

    Raises:
        ValueError: there are fewer micro-shards than workers.
    """
    if workers > shards:
        raise ValueError(f"micro-shards must be at least as many as ranks. Received: {shards} for {workers} ranks")
    return rank_rows(shards, rank, workers)


def part_rows(rows: int, rank: int, workers: int, shards: int | None = None) -> tuple[int, int]:
    """Return start and stop of a rank's rows in a batch: its share, of whole micro-shards if there are any.

    Raises:
        ValueError: there are fewer micro-shards than workers.
    """
    if shards is None or rank >= workers:
        return rank_rows(rows, rank, workers)
    first, last = rank_shards(shards, rank, workers)
    return rank_rows(rows, first, shards)[0], rank_rows(rows, last - 1, shards)[1]
