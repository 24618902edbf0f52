"""Elastic mode: when a process of the job dies, the others go on without it.

Work with collective calls is done in pieces, each by `uniform`. At the end of one the ranks agree (MPI's uniform
agreement) whether all are done with it and none is lost. If not, they make new communicators of the ranks that are
left, undo what they have of the piece, and do it again. So ranks never disagree about what has been done, although a
collective call may have succeeded on one of them and failed on another.

Ranks keep their order, and the first `DTRAIN_WORKERS` of those that are left have rows (`Communicator.workers`). So
when one of them is lost, the first of the others, which are spares, takes part in the next attempt with rows: nothing
is started, sent or restored for that.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np

from dtrain.distributed import console, guardian, hooks, placement, watching
from dtrain.distributed.communicator import Array, Communicator, Request, T
from dtrain.distributed.errors import RankLost
from dtrain.distributed.hung import Reaper, hung_s
from dtrain.distributed.launcher import Launch
from dtrain.distributed.membership import Loss, Member, Place
from dtrain.distributed.mpi import SurvivingCommunicator
from dtrain.distributed.spares import positive, wanted_workers
from dtrain.timeline import watch

MIN_RANKS_VARIABLE = "DTRAIN_MIN_RANKS"


def connect(launch: Launch) -> Communicator:
    """Initialize MPI and return the communicator of a job that is to survive the loss of processes.

    Raises:
        LaunchError: as `mpi.connect`, or this MPI cannot do that.
        ValueError: an environment variable is no number.
    """
    from dtrain.distributed import mpi

    least, most = min_ranks(), wanted_workers()
    reaper = Reaper(hung_s())
    guardian.start(hung_s(), str(Member.own(launch.rank)))
    ranks, _ = mpi.connect(launch, surviving=True)
    assert isinstance(ranks, SurvivingCommunicator)  # noqa: S101 - asked for
    communicator = ElasticCommunicator(ranks, least, most)
    placement.gather(communicator)
    atexit.register(communicator.leave)
    hooks.before_end(communicator.leave_nothing)
    reaper.start()
    return communicator


def min_ranks() -> int:
    """Return with how many workers the job is to go on at least: `$DTRAIN_MIN_RANKS`, else 1.

    Raises:
        ValueError: the variable is no whole number >= 1.
    """
    return positive(MIN_RANKS_VARIABLE) or 1


class ElasticCommunicator(Communicator):
    """The ranks that are alive. When one is lost, what is inside is replaced: ask for `rank` and `size` when needed.

    Within `uniform`, a collective call that fails because a rank is lost raises `RankLost`, which `uniform` handles.
    Outside of it, each collective call is a piece of work by itself.

    Args:
        ranks: all processes of the job.
        least: with fewer workers the job is not to go on.
        most: so many ranks are workers as long as there are as many, and those after them are spares; None: all are
            workers.
    """

    elastic = True

    def __init__(self, ranks: SurvivingCommunicator, least: int = 1, most: int | None = None) -> None:
        self._least, self._most = least, most
        self._inside = False
        self._joined = False
        self._loss: Loss | None = None
        self._place = Place()
        watch(self._place)
        self._members = ranks.allgather(Member.own(ranks.rank))
        self._adopt(ranks)

    @property
    def workers(self) -> int:
        return self.size if self._most is None else min(self._most, self.size)

    # -- pieces of work -------------------------------------------------------------------------------------------

    def uniform(self, action: Callable[[], T], undo: Callable[[], object] | None = None) -> T:
        if self._inside:
            return action()
        while True:
            outcome = self._attempt(action)
            if self._ranks.agree(bool(outcome)):
                self._report()
                return outcome[0]
            self._loss = self._loss or Loss(self._members, str(self._place), self._most)
            self._adopt(self._ranks.without_the_lost())
            self.generation += 1
            if undo is not None:
                undo()

    def _attempt(self, action: Callable[[], T]) -> list[T]:
        """What `action` returns, in a list; an empty one if a rank is lost."""
        self._inside = True
        try:
            if not self._joined:
                hooks.attach(self.call(self._ranks.make_channel))
                watching.begin(self)
                if self.size == 1:
                    guardian.dismiss()
                self._joined = True
            return [action()]
        except RankLost:
            return []
        except Exception:
            # What came from a rank as it died may be anything, though MPI says that it came: the error may be no other.
            if not self._ranks.any_lost():
                raise
            self._ranks.revoke()
            return []
        finally:
            self._inside = False

    def _adopt(self, ranks: SurvivingCommunicator) -> None:
        self._ranks = ranks
        if ranks.kept:
            self._members = [self._members[rank] for rank in ranks.kept]
        self.name = f"{ranks.name}, elastic"
        self.rank, self.size = ranks.rank, ranks.size
        self.local_rank, self.local_size = ranks.local_rank, ranks.local_size
        self.enough = self.workers >= self._least
        self._node = _Part(self, ranks.node)
        self._peers: _Part | None = None
        self._joined = False  # what the rest of this package has of the ranks is made anew with the next piece of work
        console.set_main(self.rank == 0)

    def leave(self) -> None:
        """End MPI: the program ends."""
        self._ranks.finalize(whole=self.generation == 0)

    def leave_nothing(self) -> None:
        """Remove what lost ranks have left behind."""
        if self.generation:
            self._ranks.remove_segments()

    def _report(self) -> None:
        """Say what was lost, now that the work goes on."""
        loss, self._loss = self._loss, None
        if loss is not None:
            console.say(loss.describe(self._members), sys.stderr)

    # -- collective calls -----------------------------------------------------------------------------------------

    def call(self, method: Callable[..., T], *arguments: object) -> T:
        """Return `method(*arguments)`, a collective call of these ranks or of some of them.

        Raises:
            RankLost: a rank is lost. From now on, all calls of all ranks end so.
        """
        try:
            return method(*arguments)
        except Exception as error:
            if not self._ranks.is_loss(error):
                raise
            self._ranks.revoke()
            raise RankLost(str(error)) from error

    def Allreduce(self, array: Array) -> None:
        if self._inside:
            self.call(self._ranks.Allreduce, array)
            return
        before = array.copy()
        self.uniform(lambda: self.Allreduce(array), lambda: np.copyto(array, before))

    def Bcast(self, array: Array, root: int = 0) -> None:
        if self._inside:
            self.call(self._ranks.Bcast, array, root)
            return
        before = array.copy()
        self.uniform(lambda: self.Bcast(array, root), lambda: np.copyto(array, before))

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        return self.uniform(lambda: self.call(self._ranks.Allgather_rows, local, counts))

    def Barrier(self) -> None:
        self.uniform(lambda: self.call(self._ranks.Barrier))

    def allgather(self, value: T) -> list[T]:
        return self.uniform(lambda: self.call(self._ranks.allgather, value))

    def Isend(self, array: Array, rank: int, tag: int) -> Request:
        return _Message(self, self.call(self._ranks.Isend, array, rank, tag))

    def Irecv(self, array: Array, rank: int, tag: int) -> Request:
        return _Message(self, self.call(self._ranks.Irecv, array, rank, tag))

    def bcast(self, value: T, root: int = 0) -> T:
        return self.uniform(lambda: self.call(lambda: self._ranks.bcast(value, root)))

    def Abort(self, status: int = 1) -> NoReturn:
        self._ranks.Abort(status)

    @property
    def node(self) -> Communicator:
        return self._node

    @property
    def peers(self) -> Communicator:
        if self._peers is None:
            self._peers = _Part(self, self.call(lambda: self._ranks.peers))
        return self._peers


class _Part(Communicator):
    """Some of the ranks of an elastic communicator, as they were when it was made."""

    def __init__(self, whole: ElasticCommunicator, ranks: Communicator) -> None:
        self._whole, self._ranks = whole, ranks
        self.name = ranks.name
        self.rank, self.size = ranks.rank, ranks.size
        self.local_rank, self.local_size = ranks.local_rank, ranks.local_size

    def Allreduce(self, array: Array) -> None:
        self._whole.call(self._ranks.Allreduce, array)

    def Bcast(self, array: Array, root: int = 0) -> None:
        self._whole.call(self._ranks.Bcast, array, root)

    def Allgather_rows(self, local: Array, counts: Sequence[int]) -> Array:
        return self._whole.call(self._ranks.Allgather_rows, local, counts)

    def Barrier(self) -> None:
        self._whole.call(self._ranks.Barrier)

    def allgather(self, value: T) -> list[T]:
        return self._whole.call(self._ranks.allgather, value)

    def Isend(self, array: Array, rank: int, tag: int) -> Request:
        return _Message(self._whole, self._whole.call(self._ranks.Isend, array, rank, tag))

    def Irecv(self, array: Array, rank: int, tag: int) -> Request:
        return _Message(self._whole, self._whole.call(self._ranks.Irecv, array, rank, tag))

    def bcast(self, value: T, root: int = 0) -> T:
        return self._whole.call(lambda: self._ranks.bcast(value, root))

    def Abort(self, status: int = 1) -> NoReturn:
        self._ranks.Abort(status)


class _Message:
    """A message that may never end, because its sender or receiver is lost."""

    def __init__(self, whole: ElasticCommunicator, request: Request) -> None:
        self._whole, self._request = whole, request

    def Test(self) -> bool:
        return self._whole.call(self._request.Test)

    def Wait(self) -> object:
        return self._whole.call(self._request.Wait)
