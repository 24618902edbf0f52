"""The communicator over MPI. The only file that imports mpi4py, and only when several processes were started."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from dtrain.distributed.communicator import Array, Communicator, T, check_contiguous, check_rows
from dtrain.distributed.errors import LaunchError
from dtrain.distributed.launcher import Launch

if TYPE_CHECKING:
    from mpi4py import MPI

_COMMAND = {
    "openmpi": "mpirun of Open MPI",
    "hydra": "mpiexec of MPICH or Intel MPI",
    "pmi": "a PMI launcher",
    "mvapich": "mpirun of MVAPICH",
    "pmix": "a PMIx launcher",
    "slurm": "srun",
}


class MPICommunicator(Communicator):
    """Processes of an MPI job. Takes over `own`, a communicator that nobody else uses."""

    def __init__(self, own: MPI.Comm) -> None:
        from mpi4py import MPI

        self.name = _library(*MPI.get_vendor())
        self._byte = MPI.BYTE
        self._in_place = MPI.IN_PLACE
        self._comm = own
        self.rank = own.Get_rank()
        self.size = own.Get_size()
        self._node = own.Split_type(MPI.COMM_TYPE_SHARED)
        self.local_rank, self.local_size = self._node.Get_rank(), self._node.Get_size()

    @cached_property
    def node(self) -> Communicator:
        return MPICommunicator(self._node)

    @cached_property
    def peers(self) -> Communicator:
        return MPICommunicator(self._comm.Split(self.local_rank, self.rank))

    def Allreduce(self, array: Array) -> None:
        check_contiguous("Allreduce", array)
        self._comm.Allreduce(self._in_place, array)

    def Bcast(self, array: Array, root: int = 0) -> None:
        check_contiguous("Bcast", array)
        self._comm.Bcast(array, root)

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        check_rows(local, counts, self.rank, self.size)
        rows = np.empty((sum(counts), *local.shape[1:]), local.dtype)
        row_bytes = rows.itemsize * int(np.prod(local.shape[1:], dtype=np.int64))
        # As bytes, so that every dtype goes through, also those MPI has no name for.
        sent = np.ascontiguousarray(local).reshape(-1).view(np.uint8)
        received = rows.reshape(-1).view(np.uint8)
        self._comm.Allgatherv([sent, self._byte], [received, [count * row_bytes for count in counts], self._byte])
        return rows

    def Barrier(self) -> None:
        self._comm.Barrier()

    def allgather(self, value: T) -> list[T]:
        return self._comm.allgather(value)

    def bcast(self, value: T, root: int = 0) -> T:
        received: T = self._comm.bcast(value, root)
        return received

    def Abort(self, status: int = 1) -> NoReturn:
        self._comm.Abort(status)


class FailureChannel:
    """Messages between ranks that fail, on a communicator of their own (see `failure.Channel`)."""

    def __init__(self, world: MPI.Intracomm) -> None:
        self._comm = world.Dup()
        self._requests: list[MPI.Request] = []

    def tell(self, printed: bool, summary: str) -> None:
        others = (rank for rank in range(self._comm.size) if rank != self._comm.rank)
        self._requests += [self._comm.isend((printed, summary[:2000]), rank) for rank in others]

    def heard(self) -> list[tuple[int, bool, str]]:
        from mpi4py import MPI

        messages: list[tuple[int, bool, str]] = []
        status = MPI.Status()
        while self._comm.iprobe(status=status):
            printed, summary = self._comm.recv(source=status.source, tag=status.tag)
            messages.append((status.source, printed, summary))
        return messages

    def abort(self, status: int) -> None:
        _remove_segments()
        self._comm.Abort(status)


def _remove_segments() -> None:
    """Remove the names of the shared memory that MPICH maps in this process: it leaves them behind when it aborts."""
    try:
        names = set(re.findall(r"/dev/shm/mpich_shm_\w+", Path("/proc/self/maps").read_text()))
        for name in names:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return


def connect(launch: Launch) -> tuple[MPICommunicator, FailureChannel]:
    """Initialize MPI and return the communicator of the whole job and the channel for failures.

    Raises:
        LaunchError: mpi4py or its MPI library is missing, or the launcher belongs to another MPI than the one that
            Python loads, which would leave every process alone as rank 0 of 1.
    """
    _load(launch)
    from mpi4py import MPI

    _check_family(launch)
    if not MPI.Is_initialized():
        MPI.Init_thread(MPI.THREAD_FUNNELED)
    world = MPI.COMM_WORLD
    if launch.size and world.Get_size() != launch.size:
        raise _mismatch(launch)
    # Messages of the user's own on MPI's world cannot mix with those on a duplicate.
    return MPICommunicator(world.Dup()), FailureChannel(world)


def _load(launch: Launch) -> None:
    """Load the MPI library without initializing it: the wrong one would end the process with an obscure message."""
    try:
        import mpi4py
    except ImportError:
        raise LaunchError(
            f"{_started(launch)}, but mpi4py is not installed, so they cannot work together. "
            f'Install it with an MPI library: pip install "dtrain[{_extra(launch)}]" '
            '(or "dtrain[mpi]" beside an MPI of the machine), or run without a launcher.'
        ) from None
    mpi4py.rc(initialize=False, finalize=True, thread_level="funneled")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="suspicious MPI execution environment")
            import mpi4py.MPI
    except (ImportError, RuntimeError) as error:
        raise LaunchError(
            f"{_started(launch)}, but mpi4py cannot load an MPI library: {error}. Load the MPI module of this machine, "
            f'or: pip install "dtrain[{_extra(launch)}]"'
        ) from None


def _check_family(launch: Launch) -> None:
    from mpi4py import MPI

    open_mpi = MPI.get_vendor()[0] in {"Open MPI", "Spectrum MPI", "Fujitsu MPI"}
    if (launch.launcher == "openmpi" and not open_mpi) or (launch.launcher in {"hydra", "mvapich"} and open_mpi):
        raise _mismatch(launch)


def _mismatch(launch: Launch) -> LaunchError:
    from mpi4py import MPI

    vendor, version = MPI.get_vendor()
    if launch.launcher in {"slurm", "pmix", "pmi"}:
        advice = f"srun --mpi=pmix or --mpi=pmi2 (srun --mpi=list shows them), or the mpirun of {vendor}"
    else:
        extra = f'pip install "dtrain[{_extra(launch)}]"'
        advice = f"the mpirun of {vendor}, or install for Python the MPI of this launcher: {extra}"
    return LaunchError(
        f"{_started(launch)}, but Python loads {_library(vendor, version)}, which this launcher does not connect: "
        f"each process would be alone, as rank 0 of 1. Start with {advice}."
    )


def _started(launch: Launch) -> str:
    return f"{_COMMAND[launch.launcher]} started {launch.size or 'several'} processes"


def _library(vendor: str, version: tuple[int, int, int]) -> str:
    return f"{vendor} {'.'.join(map(str, version))}"


def _extra(launch: Launch) -> str:
    return "mpich" if launch.launcher in {"hydra", "pmi", "mvapich"} else "openmpi"
