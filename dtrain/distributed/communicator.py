"""What dtrain asks of the processes that train together: a small interface, its names those of MPI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")


class Request(Protocol):
    """A message that is on its way; its array must be left alone until it has ended."""

    def Test(self) -> bool:
        """Return whether it has ended, without waiting."""

    def Wait(self) -> object:
        """Wait until it has ended."""


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
        elastic: whether the others go on when a process is lost (see `dtrain.distributed.elastic`).
        generation: how often that has happened. Each time, `rank` and `size` are others.
        enough: whether there are still as many workers as the job is to go on with.
    """

    elastic = False
    generation = 0
    enough = True

    name: str
    rank: int
    size: int
    local_rank: int
    local_size: int

    @property
    def workers(self) -> int:
        """How many ranks, the first ones, have rows of each batch: all of them, but for the spares of elastic mode.

        A spare runs the same program as every other rank and makes the same steps, with no rows, so that it can take
        the place of a worker that is lost. It counts in `size`: work that a script divides by `rank` and `size` is done
        by all processes.
        """
        return self.size

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

    def Isend(self, array: Array, rank: int, tag: int) -> Request:
        """Begin to send `array` to another rank. Messages of one tag arrive in the order in which they were sent."""
        raise NotImplementedError(f"{self.name}: no messages from rank to rank")

    def Irecv(self, array: Array, rank: int, tag: int) -> Request:
        """Begin to receive into `array` what another rank sends with this tag: as many values of the same dtype."""
        raise NotImplementedError(f"{self.name}: no messages from rank to rank")

    @abstractmethod
    def allgather(self, value: T) -> list[T]:
        """Return the values of all ranks, in the order of ranks. Pickled: for set-up, never for a step."""

    @abstractmethod
    def bcast(self, value: T, root: int = 0) -> T:
        """Return the value of rank `root`. Pickled: for set-up, never for a step."""

    @abstractmethod
    def Abort(self, status: int = 1) -> NoReturn:
        """End all processes of the job at once with exit status `status`."""

    def uniform(self, action: Callable[[], T], undo: Callable[[], object] | None = None) -> T:
        """Return `action()`, a piece of work with collective calls, once it is done on all ranks.

        In elastic mode, when a rank is lost meanwhile, the others go back by `undo` and do it again without that rank,
        those too that were done with it. So what it changes before it ends, it must be able to change again.
        """
        return action()

    @property
    def node(self) -> Communicator:
        """The ranks of this host."""
        return self

    @property
    def peers(self) -> Communicator:
        """The ranks that have the same place on every host: together with `node`, a way to all ranks."""
        from dtrain.distributed.serial import SerialCommunicator

        return SerialCommunicator()


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
