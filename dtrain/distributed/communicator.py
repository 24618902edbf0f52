"""What dtrain asks of the processes that train together: a small interface, its names those of MPI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")


class Communicator(ABC):
    """A group of processes (ranks) that call the same methods in the same order.

    As in MPI, upper-case methods move arrays without copies; lower-case ones pickle small objects and are for
    set-up only.

    Attributes:
        name: the implementation, in words (`"Open MPI 5.0.11"`).
        rank: place of this process among all, from 0.
        size: number of processes.
        local_rank: place of this process among those of the same host.
        local_size: number of processes on this host.
    """

    name: str
    rank: int
    size: int
    local_rank: int
    local_size: int

    @abstractmethod
    def Allreduce(self, array: Array) -> None:
        """Replace `array` by its sum over all ranks, in place: `array[:] = sum(array of rank r for r in range(size))`.

        Raises:
            ValueError: `array` is not contiguous.
        """

    @abstractmethod
    def Bcast(self, array: Array, root: int = 0) -> None:
        """Replace `array` by that of rank `root`, in place.

        Raises:
            ValueError: `array` is not contiguous.
        """

    @abstractmethod
    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        """Return the rows of all ranks in the order of ranks, on every rank.

        Args:
            local: the rows of this rank, shape `(counts[rank], ...)`.
            counts: number of rows of each rank; 0 is allowed.

        Returns:
            Array of shape `(sum(counts), ...)`.

        Raises:
            ValueError: `counts` does not fit `size` or `local`.
        """

    @abstractmethod
    def Barrier(self) -> None:
        """Wait until all ranks have come here."""

    @abstractmethod
    def allgather(self, value: T) -> list[T]:
        """Return the values of all ranks, in the order of ranks. Pickled: for set-up, never for a step."""

    @abstractmethod
    def bcast(self, value: T, root: int = 0) -> T:
        """Return the value of rank `root`. Pickled: for set-up, never for a step."""

    @abstractmethod
    def Abort(self, status: int = 1) -> NoReturn:
        """End all processes of the job at once with exit status `status`."""

    @property
    def node(self) -> Communicator:
        """The ranks of this host."""
        return self

    @property
    def peers(self) -> Communicator:
        """The ranks that have the same place on every host: together with `node`, a way to all ranks."""
        from dtrain.distributed.serial import SerialCommunicator

        return SerialCommunicator()

    @property
    def even(self) -> bool:
        """Whether all hosts have the same number of ranks."""
        return len(set(self.allgather(self.local_size))) == 1


def check_contiguous(method: str, array: Array) -> None:
    """Raise ValueError unless `array` can be changed in place as one run of memory."""
    if not array.flags.c_contiguous:
        raise ValueError(
            f"{method}: array must be C-contiguous, since it is changed in place. "
            f"Received: shape={array.shape}, strides={array.strides}. Pass np.ascontiguousarray(array)."
        )


def check_rows(local: Array, counts: Sequence[int], rank: int, size: int) -> None:
    """Raise ValueError unless `counts` names one number of rows per rank and `local` has those of `rank`."""
    if len(counts) != size:
        raise ValueError(
            f"Allgather_rows: counts must have one entry for each of {size} ranks. Received: {len(counts)}."
        )
    if local.ndim == 0 or len(local) != counts[rank]:
        raise ValueError(
            f"Allgather_rows: local must have counts[{rank}]={counts[rank]} rows. Received: shape={local.shape}."
        )
