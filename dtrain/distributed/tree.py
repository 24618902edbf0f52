"""Sums over micro-shards in one fixed binary tree, so that their bits do not depend on who holds which of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dtrain.distributed.communicator import Array, Communicator

_CHUNK = 1 << 14  # values added at a time: those of all micro-shards of a rank stay in the cache
_MESSAGE = 1 << 18  # values of one exchange: bounds the memory for what the other ranks send


class ShardTree:
    """Adds arrays, one for each micro-shard, over all micro-shards of all ranks.

    ```
    for stride in 1, 2, 4, ...:
        for i in 0, 2 * stride, 4 * stride, ...:
            part[i] += part[i + stride]          # if there is such a part
    sum = part[0]
    ```

    Every rank adds what it holds of this tree, sends the few partial sums that are left (one, if the ranks are a
    power of two and divide the micro-shards), and adds those of all ranks: the same additions for every number of
    ranks, and none of MPI's own, whose order is not known.
    """

    def __init__(self, communicator: Communicator, ranges: Sequence[tuple[int, int]]) -> None:
        """Plan the sums.

        Args:
            communicator: the ranks.
            ranges: first micro-shard of each rank and the one after its last: runs without gaps, empty for ranks that
                have none and are only told the sum.

        Raises:
            ValueError: `ranges` are not one run of micro-shards for each rank.
        """
        edges = [0, *(stop for _, stop in ranges)]
        if (
            edges[-1] == 0
            or len(ranges) != communicator.size
            or any(start != edge or stop < start for (start, stop), edge in zip(ranges, edges, strict=False))
        ):
            raise ValueError(
                f"ShardTree: ranges must give each of {communicator.size} ranks a run of micro-shards, one after the "
                f"other from 0 on. Received: {list(ranges)}"
            )
        self._communicator = communicator
        self.start, self.stop = ranges[communicator.rank]
        nodes = _nodes(edges[-1])
        within = {node: rank for node in nodes for rank, run in enumerate(ranges) if _inside(node, run)}
        consumed = {node[1] for node in within}
        roots = [[k for k in range(*run) if k not in consumed] for run in ranges]
        place = {shard: k for k, shard in enumerate(k for own in roots for k in own)}
        self._own_adds = [(a - self.start, b - self.start) for a, b, _ in _of(nodes, within, communicator.rank)]
        self._own_roots = [k - self.start for k in roots[communicator.rank]]
        self._late_adds = [(place[a], place[b]) for a, b, stop in nodes if (a, b, stop) not in within]
        self._counts = [len(own) for own in roots]

    def total(self, parts: Array, out: Array) -> None:
        """Write the sum over all micro-shards into `out`; every rank gets the same bits.

        Args:
            parts: shape (micro-shards of this rank, n); overwritten. Rows of a rank that has none are not looked at.
            out: shape (n,).
        """
        if self._communicator.size == 1:
            _add(parts, self._own_adds, out)
            return
        for start in range(0, max(1, out.size), _MESSAGE):
            columns = slice(start, start + _MESSAGE)
            _add(parts[:, columns], self._own_adds)
            rows = self._communicator.Allgather_rows(parts[self._own_roots, columns], self._counts)
            _add(rows, self._late_adds, out[columns])

    def overwrite(self, arrays: Sequence[Array]) -> None:
        """Overwrite arrays of one shape, one for each micro-shard of this rank, by the sum over all micro-shards.

        A rank that has none gives one array for the sum.
        """
        parts = np.stack([array.reshape(-1) for array in arrays])
        out = np.empty_like(parts[0])
        self.total(parts, out)
        for array in arrays:
            array[...] = out.reshape(array.shape)


Node = tuple[int, int, int]
"""An addition `part[a] += part[b]`, and the micro-shard after the last one that it takes in."""


def _nodes(shards: int) -> list[Node]:
    """The additions of the tree, in their order."""
    strides = [1 << level for level in range((shards - 1).bit_length())]
    return [
        (low, low + stride, min(low + 2 * stride, shards))
        for stride in strides
        for low in range(0, shards - stride, 2 * stride)
    ]


def _inside(node: Node, run: tuple[int, int]) -> bool:
    return run[0] <= node[0] and node[2] <= run[1]


def _of(nodes: Sequence[Node], within: dict[Node, int], rank: int) -> list[Node]:
    return [node for node in nodes if within.get(node) == rank]


def _add(parts: Array, adds: Sequence[tuple[int, int]], out: Array | None = None) -> None:
    """Add rows to rows as `adds` says, a piece of all rows after the other; the last sum goes into `out`."""
    if out is not None and not adds:
        out[...] = parts[0]
        return
    for start in range(0, parts.shape[1], _CHUNK):
        piece = parts[:, start : start + _CHUNK]
        for a, b in adds[:-1] if out is not None else adds:
            np.add(piece[a], piece[b], out=piece[a])
        if out is not None:
            a, b = adds[-1]
            np.add(piece[a], piece[b], out=out[start : start + _CHUNK])
