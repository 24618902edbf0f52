"""The gradient sum in memory that the processes of a host share, and by slices between hosts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.exchange import SliceExchange
from dtrain.distributed.parts import own_part
from dtrain.distributed.reduction import Reduction
from dtrain.distributed.shared_memory import allocate_shared
from dtrain.kernels import rows
from dtrain.timeline import WAIT

_MOST_HOSTS = 16
"""Up to so many hosts slices go by direct messages; with more, the many small ones cost more than they save."""


@dataclass(frozen=True)
class _Views:
    """This rank's part of some gradients: where their sum goes, what is added, and where copies of the sum go."""

    total: Array
    terms: list[Array]
    copies: list[Array]


class SharedMemory(Reduction):
    """Each rank reads the gradients of all ranks of its host where they lie and adds its own part of them.

    Between hosts, each rank exchanges its part with the ranks of the same place on the other hosts. Where these have
    different numbers of ranks, there are as many parts as the smallest host has ranks, and ranks beyond own nothing.

    With `sharded`, each rank then updates its part of the weights and of the optimizer's state, which lie once in the
    memory of the host: nothing is copied back, and time and memory of the update are divided by the ranks of the host.
    Without, the sums are written to all ranks, and each has weights of its own.

    The terms of a host are always added in the order of ranks, and their sums in the order of hosts (on up to 16 of
    them), so the bits depend neither on who adds them nor on how the gradients are cut into parts.

    Raises:
        SharedMemoryError: from `gradients`, on all ranks alike.
    """

    def __init__(self, communicator: Communicator, sharded: bool, compressed: bool = False) -> None:
        """Share memory with the ranks of this host.

        Args:
            communicator: all ranks. Every one must call this.
            sharded: whether each rank updates its part of the weights; on a host with one rank that is all of them.
            compressed: whether float32 gradients travel between hosts as bfloat16 (see `SliceExchange`).
        """
        self._node = communicator.node
        self._peers = communicator.peers
        places = communicator.allgather((communicator.local_rank, communicator.local_size))
        self._hosts = sum(rank == 0 for rank, _ in places)
        self._parts = min(size for _, size in places)
        self._sharded = sharded and self._node.size > 1
        # Whoever survives the loss of a rank hears of it from MPI's collective calls.
        direct = compressed or (self._hosts <= _MOST_HOSTS and not communicator.elastic)
        self.overlaps = self._hosts > 1 and direct
        owns = self._node.rank < self._parts
        self._exchange = SliceExchange(self._peers, compressed) if self.overlaps and owns else None
        self.name = self._describe(compressed)
        self.shares_values = self._sharded and self._hosts == 1
        self._segments: list[Array] = []
        self._own = slice(0, 0)
        self._views: dict[tuple[int, int], _Views] = {}  # by start and stop: the parts of a step are always the same
        self._begun: list[_Views] = []

    def _describe(self, compressed: bool) -> str:
        ways = ["shared memory"] * (self._node.size > 1) + ["slices between hosts"] * (self._hosts > 1)
        return " and ".join(ways) + (", as bfloat16" if compressed and self._hosts > 1 else "")

    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        stride = -(-count // 1024) * 1024
        if self._node.size > 1:
            memory = allocate_shared(self._node, stride * self._node.size, dtype)
        else:
            memory = np.zeros(stride, dtype)
        self._segments = [memory[k * stride : k * stride + count] for k in range(self._node.size)]
        if self._node.rank < self._parts:
            self._own = own_part(count, self._node.rank, self._parts)
        self.region = self._own if self._sharded else None
        self.own_gradients = self._segments[self._node.rank]
        return self.own_gradients

    def values(self, count: int, dtype: DTypeLike) -> Array:
        return allocate_shared(self._node, count, dtype) if self._sharded else np.zeros(count, dtype)

    def add(self, part: slice) -> None:
        self.begin(part)
        self.complete()

    def begin(self, part: slice) -> None:
        if self._node.size > 1:
            self._node.Barrier()  # all have written their gradients
        views = self._views.get((part.start, part.stop)) or self._look_at(part)
        if not views.total.size:
            return
        if self._node.size > 1:
            rows.add_terms(views.terms, views.total)
        if self._exchange is not None:
            self._exchange.start(views.total)
        elif self._hosts > 1:
            self._peers.Allreduce(views.total)
        self._begun.append(views)

    def _look_at(self, part: slice) -> _Views:
        start = max(part.start, self._own.start)
        own = slice(start, max(start, min(part.stop, self._own.stop)))
        terms = [segment[own] for segment in self._segments]
        copies = [terms[k] for k in range(len(terms)) if k != self._node.rank]
        views = self._views[part.start, part.stop] = _Views(self.own_gradients[own], terms, copies)
        return views

    def poll(self) -> None:
        if self._exchange is not None:
            self._exchange.poll()

    def complete(self) -> None:
        if self._exchange is not None:
            with WAIT:
                self._exchange.finish()
        if not self._sharded and self._node.size > 1:
            self._hand_out()
        self._begun.clear()

    def _hand_out(self) -> None:
        """Write the sums of this rank's parts to all ranks, over terms that only this rank has read."""
        for views in self._begun:
            for copy in views.copies:
                copy[...] = views.total
        self._node.Barrier()

    def publish(self) -> None:
        if self._sharded:
            self._node.Barrier()
