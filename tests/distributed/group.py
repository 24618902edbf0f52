"""Ranks as threads of one process: the same collectives, for tests of what is built on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar

import numpy as np

from dtrain.distributed.communicator import Array, Communicator

T = TypeVar("T")


class _Shared:
    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=10)
        self.slots: list[Any] = [None] * size


class ThreadCommunicator(Communicator):
    """One of `size` threads; `calls` lists the lengths of the arrays it reduced."""

    name = "threads"

    def __init__(self, shared: _Shared, rank: int) -> None:
        self._shared = shared
        self.rank = self.local_rank = rank
        self.size = self.local_size = len(shared.slots)
        self.calls: list[int] = []

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

    def Abort(self, status: int = 1) -> NoReturn:
        raise SystemExit(status)


def run_ranks(size: int, body: Callable[[ThreadCommunicator], T]) -> list[T]:
    """Return `body(communicator)` of every rank."""
    shared = _Shared(size)
    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(body, ThreadCommunicator(shared, rank)) for rank in range(size)]
        return [future.result(timeout=30) for future in futures]
