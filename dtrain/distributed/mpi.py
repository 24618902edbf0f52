"""The communicator over MPI. The only file that imports mpi4py, and only when several processes were started."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from dtrain.distributed.communicator import Array, Communicator, Request, T, check_contiguous, check_rows
from dtrain.distributed.errors import LaunchError
from dtrain.distributed.launcher import Launch
from dtrain.timeline import WAIT

if TYPE_CHECKING:
    from mpi4py import MPI

_FAULT_TOLERANCE = "OMPI_MCA_mpi_ft_enable"  # set by mpirun --with-ft ulfm
_WORD_S = 0.5  # how long word of a rank that has died may take
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
        with WAIT:
            self._comm.Allreduce(self._in_place, array)

    def Bcast(self, array: Array, root: int = 0) -> None:
        check_contiguous("Bcast", array)
        with WAIT:
            self._comm.Bcast(array, root)

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        check_rows(local, counts, self.rank, self.size)
        rows = np.empty((sum(counts), *local.shape[1:]), local.dtype)
        row_bytes = rows.itemsize * int(np.prod(local.shape[1:], dtype=np.int64))
        # As bytes, so that every dtype goes through, also those MPI has no name for.
        sent = np.ascontiguousarray(local).reshape(-1).view(np.uint8)
        received = rows.reshape(-1).view(np.uint8)
        with WAIT:
            self._comm.Allgatherv([sent, self._byte], [received, [count * row_bytes for count in counts], self._byte])
        return rows

    def Barrier(self) -> None:
        with WAIT:
            self._comm.Barrier()

    def Isend(self, array: Array, rank: int, tag: int) -> Request:
        return self._comm.Isend(array, rank, tag)

    def Irecv(self, array: Array, rank: int, tag: int) -> Request:
        return self._comm.Irecv(array, rank, tag)

    def allgather(self, value: T) -> list[T]:
        with WAIT:
            return self._comm.allgather(value)

    def bcast(self, value: T, root: int = 0) -> T:
        with WAIT:
            received: T = self._comm.bcast(value, root)
        return received

    def Abort(self, status: int = 1) -> NoReturn:
        self._comm.Abort(status)


class SurvivingCommunicator(MPICommunicator):
    """Finds out that ranks have died, and goes on without them.

    By User-Level Failure Mitigation (Bland et al. 2013, doi:10.1177/1094342013488238), which Open MPI 5 has.

    Attributes:
        kept: the ranks that its processes had in the communicator from which it was made.
    """

    def __init__(self, own: MPI.Comm, kept: Sequence[int] = ()) -> None:
        super().__init__(own)
        self.kept = list(kept)

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error says that a rank has died, or that another rank has said so."""
        from mpi4py import MPI

        classes = (MPI.ERR_PROC_FAILED, MPI.ERR_PROC_FAILED_PENDING, MPI.ERR_REVOKED)
        return isinstance(error, MPI.Exception) and error.Get_error_class() in classes

    def any_lost(self) -> bool:
        """Whether a rank is known to have died, or word of it comes within a moment."""
        until = time.monotonic() + _WORD_S
        try:
            while not self._comm.Get_failed().size:
                if time.monotonic() >= until:
                    return False
                self._comm.Iprobe()  # word comes only while MPI is called
        except Exception as error:
            if not self.is_loss(error):
                raise
        return True

    def revoke(self) -> None:
        """End all calls on this communicator, its node and its peers, on all ranks, by an error that `is_loss`."""
        made = [self.peers._comm] if "peers" in vars(self) and isinstance(self.peers, MPICommunicator) else []
        for comm in (self._comm, self._node, *made):
            comm.Revoke()

    def agree(self, sound: bool) -> bool:
        """Return whether `sound` is true on all ranks and none is lost: the same answer on all of them."""
        return self._agree_on(self._comm, sound)

    def without_the_lost(self) -> SurvivingCommunicator:
        """Return a communicator of the ranks that are left, in their order. All of them must call it."""
        self.revoke()
        comm = self._comm
        while True:
            with WAIT:
                comm = comm.Shrink()
            kept = comm.Get_group().Translate_ranks(None, self._comm.Get_group())
            try:
                made = SurvivingCommunicator(comm, kept)
            except Exception as error:
                if not self.is_loss(error):
                    raise
                made = None
            if self._agree_on(comm, made is not None) and made is not None:
                return made
            comm.Revoke()  # yet another one is lost

    def finalize(self, whole: bool) -> None:
        """End MPI, when the program ends; `whole`: none of the ranks of the start is lost.

        If one is, Open MPI 5.0 may wait for it for ever, so only those that are left are waited for.
        """
        from mpi4py import MPI

        if whole:
            MPI.Finalize()
            return
        with suppress(MPI.Exception):  # the others may have gone already
            self._comm.Barrier()
        self.remove_segments()

    def remove_segments(self) -> None:
        """Remove what the lost ranks have left in memory: the program ends."""
        _remove_segments(r"sm_segment[\w.]+")

    def make_channel(self) -> FailureChannel:
        """Return a channel for failures of these ranks. All of them must call it."""
        return FailureChannel(self._comm)

    def _agree_on(self, comm: MPI.Comm, sound: bool) -> bool:
        try:
            with WAIT:
                return bool(comm.Agree(int(sound)))
        except Exception as error:
            if self.is_loss(error):
                return False
            raise


class FailureChannel:
    """Messages between ranks that fail, on a communicator of their own (see `failure.Channel`)."""

    def __init__(self, world: MPI.Comm) -> None:
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
        if self._comm.size > 1:  # else nobody is left to be ended, and Open MPI's mpirun would report success
            self._comm.Abort(status)


def _remove_segments(pattern: str) -> None:
    """Remove the names of the shared memory that MPI maps in this process, once all processes do.

    It needs the names no more. MPICH leaves them behind when it aborts or when a process is killed; Open MPI those of
    a process that is killed.
    """
    try:
        names = set(re.findall(rf"/dev/shm/{pattern}", Path("/proc/self/maps").read_text()))
        for name in names:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return


def connect(launch: Launch, surviving: bool = False) -> tuple[MPICommunicator, FailureChannel]:
    """Initialize MPI and return the communicator of the whole job and the channel for failures.

    Args:
        launch: how this process was started.
        surviving: whether the communicator is to be a `SurvivingCommunicator`.

    Raises:
        LaunchError: mpi4py or its MPI library is missing, or the launcher belongs to another MPI than the one that
            Python loads, which would leave every process alone as rank 0 of 1.
    """
    _load(launch, finalize=not surviving)
    from mpi4py import MPI

    _check_family(launch)
    if surviving:
        _check_survival()
    if not MPI.Is_initialized():
        MPI.Init_thread(MPI.THREAD_FUNNELED)
    world = MPI.COMM_WORLD
    if launch.size and world.Get_size() != launch.size:
        raise _mismatch(launch)
    # Messages of the user's own on MPI's world cannot mix with those on a duplicate.
    own = world.Dup()
    own.Barrier()
    _remove_segments(r"mpich_shm_\w+")
    kind = SurvivingCommunicator if surviving else MPICommunicator
    return kind(own), FailureChannel(world)


def _load(launch: Launch, finalize: bool) -> None:
    """Load the MPI library without initializing it: the wrong one would end the process with an obscure message."""
    try:
        import mpi4py
    except ImportError:
        raise LaunchError(
            f"{_started(launch)}, but mpi4py is not installed, so they cannot work together. "
            f'Install it with an MPI library: pip install "dtrain[{_extra(launch)}]" '
            '(or "dtrain[mpi]" beside an MPI of the machine), or run without a launcher.'
        ) from None
    mpi4py.rc(initialize=False, finalize=finalize, thread_level="funneled")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="suspicious MPI execution environment")
            import mpi4py.MPI
    except (ImportError, RuntimeError) as error:
        raise LaunchError(
            f"{_started(launch)}, but mpi4py cannot load an MPI library: {error}. Load the MPI module of this machine, "
            f'or: pip install "dtrain[{_extra(launch)}]"'
        ) from None


def _check_survival() -> None:
    from mpi4py import MPI

    if MPI.get_vendor()[0] != "Open MPI" or os.environ.get(_FAULT_TOLERANCE) != "1":
        raise LaunchError(
            "Elastic mode (DTRAIN_ELASTIC=1) needs Open MPI 5, started by `mpirun --with-ft ulfm`, as "
            f"`dtrain launch --elastic` does. Python loads {_library(*MPI.get_vendor())}, and this job was started "
            "without. With any other MPI, leave DTRAIN_ELASTIC unset and write checkpoints: dtrain launch "
            "--max-restarts goes on from them."
        )


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
