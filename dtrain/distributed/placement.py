"""Finds what is wrong with how ranks and their threads are placed on the cores of a host, and what to do about it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dtrain.distributed import cores
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say
from dtrain.distributed.job import launch, prepare
from dtrain.distributed.launcher import Launch
from dtrain.distributed.start import unknown_launcher
from dtrain.distributed.threads import ThreadPlan
from dtrain.distributed.words import numbered

_BIND = {
    "openmpi": "mpirun --map-by core --bind-to core, or --bind-to none",
    "hydra": "mpiexec -bind-to core, or -bind-to none",
    "slurm": "srun --cpu-bind=cores, with --cpus-per-task for the threads of a task",
}
_UNBIND = {
    "openmpi": "mpirun --map-by slot:PE={cores}, or --bind-to none",
    "hydra": "mpiexec -bind-to core:{cores}, or -bind-to none",
    "slurm": "srun --cpus-per-task={cores}",
}


@dataclass(frozen=True)
class Place:
    """Where a rank computes.

    Attributes:
        rank: its place in the job.
        host: the name of its host.
        cores: numbers of the cores it may run on.
        available: cores that the masks leave to the ranks of its host together, as far as this one knows.
        limit: cores whose time the control group grants; None for no limit.
        threads: those it computes with.
        decided_by: who decided that (see `ThreadPlan`).
        detail: in words.
    """

    rank: int
    host: str
    cores: frozenset[int]
    available: int
    limit: int | None
    threads: int
    decided_by: str
    detail: str


@dataclass(frozen=True)
class Problem:
    """What is wrong, and what to do."""

    what: str
    advice: str


_to_say: Problem | None = None
_is_said = False


def place(rank: int, plan: ThreadPlan) -> Place:
    """Return where this process computes."""
    own = frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    threads = plan.threads or len(own)
    host = socket.gethostname()
    return Place(rank, host, own, cores.available(), cores.limit(), threads, plan.decided_by, plan.detail)


def problem(places: Sequence[Place], launch: Launch) -> Problem | None:
    """Return what is wrong on the first host where something is; one problem, since one makes the next."""
    hosts: dict[str, list[Place]] = {}
    for each in places:
        hosts.setdefault(each.host, []).append(each)
    found = [(host, wrong) for host, ranks in hosts.items() if (wrong := _problem(ranks, launch))]
    if not found:
        return None
    host, wrong = found[0]
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return Problem(f"host {host}{others}: {wrong.what}", wrong.advice)


def gather(communicator: Communicator) -> list[Place]:
    """Return where all ranks compute, and remember it for `warn`. Every rank must call it."""
    global _to_say
    own = place(communicator.rank, prepare())
    if communicator.rank >= communicator.workers:
        own = replace(own, threads=1)  # a spare computes nothing that has several
    places = communicator.allgather(own)
    _to_say = problem(places, launch())
    return places


def warn() -> None:
    """Say on rank 0, once, what is wrong with how this job was started or placed, if anything is."""
    global _to_say, _is_said
    wrong = lonely(launch()) or _to_say
    if wrong is not None and not _is_said:
        say(f"dtrain: {wrong.what}. Better: {wrong.advice}", sys.stderr)
    _is_said = True


def lonely(launch: Launch) -> Problem | None:
    """Return what is wrong where this process is one of several and cannot know it."""
    name = unknown_launcher(launch)
    if name is None:
        return None
    what = f"{name} started this process, but does not say which rank it is, so it works as if it were the only one"
    return Problem(what, "start with the mpirun of Open MPI or MPICH, or with srun (dtrain doctor names what is here)")


def idle_cores(places: Sequence[Place], launch: Launch) -> Problem | None:
    """Return what is to be done where ranks are bound to few cores and more than half of a host's do nothing."""
    ranks = [each for each in places if each.host == places[0].host]
    used = _union(ranks)
    total = _usable(ranks)
    if 2 * len(used) >= total:
        return None
    what = f"{_count(len(ranks), 'rank')} bound to {len(used)} of {total} cores: the others do nothing"
    advice = _UNBIND.get(launch.launcher, "give each rank {cores} cores").format(cores=total // len(ranks))
    return Problem(f"host {places[0].host}: {what}", advice)


def _problem(ranks: Sequence[Place], launch: Launch) -> Problem | None:
    usable = _usable(ranks)
    threads = sum(each.threads for each in ranks)
    granted = f"{_count(usable, 'core')}{' (the limit of the control group)' * (ranks[0].limit == usable)}"
    if len(ranks) > usable:
        slow = ": with MPICH, sums can take many times as long" if launch.launcher == "hydra" else ""
        what = f"{_count(len(ranks), 'rank')} take turns on {granted}{slow}"
        return Problem(what, f"start no more than {usable} on a host (-n {usable}), or use more hosts")
    crowd = _crowd(ranks)
    if crowd:
        who, where = numbered("rank", [each.rank for each in crowd]), numbered("core", _union(crowd))
        what = f"{who} are bound to {where}, of {usable} that they may use"
        return Problem(what, _BIND.get(launch.launcher, "bind each rank to cores of its own"))
    if threads > usable:
        what = f"{_count(len(ranks), 'rank')} compute with {threads} threads on {granted}"
        share = max(1, usable // len(ranks))
        return Problem(f"{what} ({ranks[0].detail})", _advice(ranks[0], share))
    cramped = next((each for each in ranks if each.threads > len(each.cores)), None)
    if cramped is not None:
        what = f"rank {cramped.rank} computes with {cramped.threads} threads on {_count(len(cramped.cores), 'core')}"
        bind = _UNBIND.get(launch.launcher, "bind each rank to {cores} cores").format(cores=cramped.threads)
        return Problem(f"{what} ({cramped.detail})", bind)
    return None


def _advice(rank: Place, share: int) -> str:
    if rank.decided_by == "user":
        return f"unset {rank.detail.partition('=')[0]}, or set it to {share}"
    return f"import dtrain before NumPy, or set OMP_NUM_THREADS={share}"


def _crowd(ranks: Sequence[Place]) -> list[Place]:
    """The ranks that must share a core although there are enough; each is taken to use all its cores alike."""
    load: dict[int, float] = {}
    for each in ranks:
        for core in each.cores:
            load[core] = load.get(core, 0.0) + 1 / len(each.cores)
    full = {core for core, ranks_on_it in load.items() if ranks_on_it > 1 + 1e-9}
    return [each for each in ranks if each.cores <= full]


def _union(ranks: Sequence[Place]) -> frozenset[int]:
    return frozenset[int]().union(*(each.cores for each in ranks))


def _usable(ranks: Sequence[Place]) -> int:
    """The cores that all ranks of a host may use together."""
    wide = max(len(_union(ranks)), *(each.available for each in ranks))
    limits = [each.limit for each in ranks if each.limit is not None]
    return min([wide, *limits])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
