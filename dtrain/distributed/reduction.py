"""Ways to add the flat gradients of all ranks, and to let each rank update its own part of the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.shared_memory import allocate_shared
from dtrain.kernels import rows
from dtrain.timeline import WAIT

_ALIGNMENT = 16  # values: parts of two ranks never share a cache line


class Reduction(ABC):
    """Owns the memory of gradients, weights and optimizer state, and adds the gradients of all ranks.

    Attributes:
        name: in reports.
        region: the part of the flat arrays that this rank updates; None: each rank updates all of it.
        shares_values: whether all ranks look at the same memory of weights, so that they cannot differ.
    """

    name: str
    region: slice | None = None
    shares_values = False

    own_gradients: Array
    """This rank's own gradients, made by `gradients`."""

    @abstractmethod
    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        """Make and return zeros for this rank's own gradients. Called once, before all else, by every rank."""

    @abstractmethod
    def values(self, count: int, dtype: DTypeLike) -> Array:
        """Return zeros for weights or optimizer state; where ranks share them, all must write the same first values."""

    @abstractmethod
    def add(self, part: slice) -> None:
        """Make `gradients[part]` (of which `region`, if there is one) the sum over all ranks. Every rank calls it."""

    @abstractmethod
    def publish(self) -> None:
        """Wait until all ranks have updated their regions. Every rank calls it, after the update."""


class Allreduce(Reduction):
    """MPI's own sum, in place; every rank updates its own copy of everything."""

    name = "Allreduce"

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator

    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        self.own_gradients = np.zeros(count, dtype)
        return self.own_gradients

    def values(self, count: int, dtype: DTypeLike) -> Array:
        return np.zeros(count, dtype)

    def add(self, part: slice) -> None:
        self._communicator.Allreduce(self.own_gradients[part])

    def publish(self) -> None:
        """Nothing to wait for: each rank has values of its own."""


class SharedMemory(Reduction):
    """Each rank reads the gradients of all ranks of its host where they lie and adds its own part of them.

    Between hosts, each rank exchanges its part with the ranks of the same place on the other hosts. With `sharded`,
    it then updates that part of the weights and of the optimizer's state, which lie once in the memory of the host:
    nothing is copied back, and time and memory of the update are divided by the ranks of the host. Without, the sums
    are written to all ranks, and each has weights of its own.

    The terms are always added in the order of ranks, so the bits do not depend on who adds them.

    Raises:
        SharedMemoryError: from `gradients`, on all ranks alike.
    """

    def __init__(self, communicator: Communicator, sharded: bool) -> None:
        self._node = communicator.node
        self._peers = communicator.peers
        self._sharded = sharded
        self.name = "shared memory" if self._peers.size == 1 else "shared memory and slices between hosts"
        self.shares_values = sharded and self._peers.size == 1
        self._segments: list[Array] = []
        self._own = slice(0, 0)

    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        stride = -(-count // 1024) * 1024
        memory = allocate_shared(self._node, stride * self._node.size, dtype)
        self._segments = [memory[k * stride : k * stride + count] for k in range(self._node.size)]
        self._own = own_part(count, self._node.rank, self._node.size)
        self.region = self._own if self._sharded else None
        self.own_gradients = self._segments[self._node.rank]
        return self.own_gradients

    def values(self, count: int, dtype: DTypeLike) -> Array:
        return allocate_shared(self._node, count, dtype) if self._sharded else np.zeros(count, dtype)

    def add(self, part: slice) -> None:
        with WAIT:
            self._node.Barrier()  # all have written their gradients
        start, stop = max(part.start, self._own.start), min(part.stop, self._own.stop)
        if start < stop:
            self._add_segments(start, stop)
        if self._peers.size > 1:
            self._peers.Allreduce(self.own_gradients[start : max(start, stop)])
        if not self._sharded:
            self._hand_out(start, stop)

    def _add_segments(self, start: int, stop: int) -> None:
        total, others = self.own_gradients, self._segments
        rows.add_terms([other[start:stop] for other in others], total[start:stop])

    def _hand_out(self, start: int, stop: int) -> None:
        """Write the sums of this rank's part to all ranks, once nobody reads the terms any more."""
        for segment in self._segments:
            if segment is not self.own_gradients and start < stop:
                segment[start:stop] = self.own_gradients[start:stop]
        with WAIT:
            self._node.Barrier()

    def publish(self) -> None:
        if self._sharded:
            with WAIT:
                self._node.Barrier()


def own_part(count: int, rank: int, size: int) -> slice:
    """Return the part of `count` values that belongs to a rank: runs of whole cache lines of about equal length."""
    lines = -(-count // _ALIGNMENT)
    share, longer = divmod(lines, size)
    start = rank * share + min(rank, longer)
    stop = start + share + (rank < longer)
    return slice(min(start * _ALIGNMENT, count), min(stop * _ALIGNMENT, count))
