"""The communicator of a process that runs alone: every collective is the identity, and MPI is never loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from dtrain.distributed.communicator import Array, Communicator, T, check_contiguous, check_rows


class SerialCommunicator(Communicator):
    """A group of one rank."""

    name = "serial"
    rank = 0
    size = 1
    local_rank = 0
    local_size = 1

    def Allreduce(self, array: Array) -> None:
        check_contiguous("Allreduce", array)

    def Bcast(self, array: Array, root: int = 0) -> None:
        check_contiguous("Bcast", array)

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        check_rows(local, counts, self.rank, self.size)
        return local

    def Barrier(self) -> None:
        return None

    def allgather(self, value: T) -> list[T]:
        return [value]

    def bcast(self, value: T, root: int = 0) -> T:
        return value

    def Abort(self, status: int = 1) -> NoReturn:
        sys.exit(status)
