"""Ranks as threads of one process: the same collectives, for tests of what is built on them."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.serial import SerialCommunicator

T = TypeVar("T")


class _Shared:
    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=10)
        self.slots: list[Any] = [None] * size
        self._boxes: dict[tuple[int, int, int], _Box] = {}

    def box(self, source: int, target: int, tag: int) -> _Box:
        return self._boxes.setdefault((source, target, tag), _Box())  # atomic: both sides may be the first to ask


class _Sent:
    """A message that was copied at once."""

    def Test(self) -> bool:
        return True

    def Wait(self) -> None:
        return None


class _Expected:
    """A message that is written into `array` when it has come: the first of a box into what was expected first."""

    def __init__(self, box: _Box, array: Array) -> None:
        self._box, self._array, self._here = box, array, False
        box.expected.append(self)

    def Test(self) -> bool:
        while not self._here and not self._box.messages.empty():
            self._box.deliver()
        return self._here

    def Wait(self) -> None:
        while not self._here:
            self._box.deliver()

    def take(self, message: Array) -> None:
        self._array[...] = message
        self._here = True


class _Box:
    """Messages of one tag from one rank to another."""

    def __init__(self) -> None:
        self.messages: queue.Queue[Array] = queue.Queue()
        self.expected: deque[_Expected] = deque()

    def deliver(self) -> None:
        self.expected.popleft().take(self.messages.get(timeout=10))


class ThreadCommunicator(Communicator):
    """One of `size` threads; `calls` lists the lengths of the arrays it reduced."""

    name = "threads"

    def __init__(self, shared: _Shared, rank: int, spares: int = 0) -> None:
        self._shared = shared
        self._spares = spares
        self.rank = self.local_rank = rank
        self.size = self.local_size = len(shared.slots)
        self.calls: list[int] = []
        self._node: ThreadCommunicator = self
        self._peers: Communicator = SerialCommunicator()

    @property
    def workers(self) -> int:
        return self.size - self._spares

    @property
    def node(self) -> Communicator:
        return self._node

    @property
    def peers(self) -> Communicator:
        return self._peers

    def place(self, node: ThreadCommunicator, peers: ThreadCommunicator) -> ThreadCommunicator:
        """Put this rank on a host, beside those of the same place on other hosts."""
        self._node, self._peers = node, peers
        self.local_rank, self.local_size = node.rank, node.size
        return self

    def allgather(self, value: T) -> list[T]:
        self._shared.slots[self.rank] = value
        self._shared.barrier.wait()
        values = list(self._shared.slots)
        self._shared.barrier.wait()
        return values

    def Allreduce(self, array: Array) -> None:
        self.calls.append(array.size)
        array[...] = sum(self.allgather(array.copy()))

    def Bcast(self, array: Array, root: int = 0) -> None:
        array[...] = self.allgather(array.copy())[root]

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        return np.concatenate(self.allgather(local))

    def Barrier(self) -> None:
        self.allgather(None)

    def bcast(self, value: T, root: int = 0) -> T:
        return self.allgather(value)[root]

    def Isend(self, array: Array, rank: int, tag: int) -> _Sent:
        self._shared.box(self.rank, rank, tag).messages.put(array.copy())
        return _Sent()

    def Irecv(self, array: Array, rank: int, tag: int) -> _Expected:
        return _Expected(self._shared.box(rank, self.rank, tag), array)

    def Abort(self, status: int = 1) -> NoReturn:
        raise SystemExit(status)


def run_ranks(size: int, body: Callable[[ThreadCommunicator], T], spares: int = 0) -> list[T]:
    """Return `body(communicator)` of every rank, of which the last `spares` have no rows."""
    shared = _Shared(size)
    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(body, ThreadCommunicator(shared, rank, spares)) for rank in range(size)]
        return [future.result(timeout=30) for future in futures]


def run_hosts(local_sizes: Sequence[int], body: Callable[[ThreadCommunicator], T]) -> list[T]:
    """Return `body(communicator)` of every rank, of which each host has `local_sizes[host]`."""
    whole = _Shared(sum(local_sizes))
    nodes = [_Shared(size) for size in local_sizes]
    placed = [(host, local) for host, size in enumerate(local_sizes) for local in range(size)]
    peers = [[host for host, size in enumerate(local_sizes) if size > local] for local in range(max(local_sizes))]
    columns = [_Shared(len(hosts)) for hosts in peers]
    ranks = [
        ThreadCommunicator(whole, rank).place(
            ThreadCommunicator(nodes[host], local), ThreadCommunicator(columns[local], peers[local].index(host))
        )
        for rank, (host, local) in enumerate(placed)
    ]
    with ThreadPoolExecutor(len(ranks)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(body, one) for one in ranks]]
