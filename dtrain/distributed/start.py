"""A rank that ends before it has come to the start of MPI, where all wait for all, ends those that wait for it there.

They cannot see it themselves: no thread of Python runs while MPI starts. So a rank that ends without MPI stays until
the others of its host have ended too, as its launcher would, and looks whether they wait.
"""

from __future__ import annotations

import atexit
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dtrain.distributed.launcher import Launch, detect
from dtrain.distributed.words import FOR_ALL_RANKS, numbered

LOOK_S = 0.1
WAIT_S = 3.0
PATIENCE_S = 10.0  # the start takes a while by itself
_STARTING, _ENDING = "dtrain-start", "dtrain-end"  # names of processes, seen by the others
_PROC = Path("/proc")
_LAUNCHERS = ("mpirun", "mpiexec", "prterun", "prted", "orterun", "orted", "hydra_pmi_proxy")


def stay_at_end(launch: Launch, end_job: Callable[[str, Callable[[], object]], None]) -> None:
    """Let this process look after the others when it ends."""
    pid = os.getpid()
    atexit.register(lambda: _stay(launch, end_job) if os.getpid() == pid else None)


@contextmanager
def starting() -> Iterator[None]:
    """Within the block, the other ranks of this host see that this one is in the start of MPI.

    Ranks 0 and 1 tell when they wait there for long, and any rank ends the job at last: a program that uses MPI itself
    may have brought the others to another point.

    Raises:
        ValueError: DTRAIN_STALL_S or DTRAIN_STALL_ABORT_S is no number of seconds.
    """
    alarms = _alarms(detect().rank)
    before = _rename(_STARTING)
    for alarm in alarms:
        alarm.start()
    try:
        yield
    finally:
        for alarm in alarms:
            alarm.cancel()
        if before:
            _rename(before)


def _alarms(rank: int) -> list[threading.Timer]:
    from dtrain.distributed import hooks
    from dtrain.distributed.watchdog import ABORT_S, ABORT_VARIABLE, STALL_S, STALL_VARIABLE, seconds

    def tell(waited_s: float, more: str = "") -> None:
        what = f"rank {rank} has waited for {waited_s:.0f} s for the other ranks to begin to work with it"
        sys.stderr.write(f"dtrain: {what}. {FOR_ALL_RANKS}.\n{more}")
        sys.stderr.flush()

    def end(waited_s: float) -> None:
        text = f"The job is ended: that is longer than {ABORT_VARIABLE}={abort_s:g}.\n"
        hooks.end_job(f"rank {rank} waited for {waited_s:.0f} s", partial(tell, waited_s, text))

    stall_s, abort_s = seconds(STALL_VARIABLE, STALL_S), seconds(ABORT_VARIABLE, ABORT_S)
    acts = [(stall_s, tell), (abort_s, end)] if rank < 2 else [(abort_s, end)]
    found = [threading.Timer(max(s, PATIENCE_S), act, [max(s, PATIENCE_S)]) for s, act in acts if s < math.inf]
    for alarm in found:
        alarm.daemon = True
    return found


def unknown_launcher(launch: Launch) -> str | None:
    """Return the name of a launcher that started this process without saying which rank it is; None if there is none.

    Each of its processes then takes itself for the only one.
    """
    if launch.launcher != "serial":
        return None
    name = _name(os.getppid())
    return name if name.startswith(_LAUNCHERS) else None


def _stay(launch: Launch, end_job: Callable[[str, Callable[[], object]], None]) -> None:
    if _has_mpi():
        return  # and others may need this process to finish it
    _rename(_ENDING)
    seen: dict[int, float] = {}  # since when ranks were seen in the start
    while mates := _mates(launch):
        names = {rank: _name(pid) for rank, pid in mates.items()}
        if all(name == _ENDING for name in names.values()):
            return
        now = time.monotonic()
        seen = {rank: seen.get(rank, now) for rank, name in names.items() if name == _STARTING}
        if any(now - since >= WAIT_S for since in seen.values()):
            text = f"rank {launch.rank} has ended its program, and {numbered('rank', seen)} would wait for it for ever"
            end_job(text, partial(sys.stderr.write, f"dtrain: {text} in the start of MPI. The job is ended.\n"))
        time.sleep(LOOK_S)


def _has_mpi() -> bool:
    """Whether an MPI library is loaded."""
    try:
        return re.search(r"/lib\w*mpi\w*\.so", (_PROC / "self" / "maps").read_text()) is not None
    except OSError:
        return True


def _mates(launch: Launch) -> dict[int, int]:
    """The other ranks of this host that run, and their processes; none where they are not children of one launcher."""
    parent = _PROC / str(os.getppid())
    try:
        if not (parent / "comm").read_text().startswith(_LAUNCHERS):
            return {}
        pids = [int(pid) for path in parent.glob("task/*/children") for pid in path.read_text().split()]
    except OSError:
        return {}
    ranks = {_rank(pid, launch): pid for pid in pids if pid != os.getpid()}
    return {rank: pid for rank, pid in ranks.items() if rank is not None}


def _rank(pid: int, launch: Launch) -> int | None:
    """The rank of a process in this job; None if it has ended, or is none."""
    try:
        text = (_PROC / str(pid) / "environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    other = detect(dict(line.split("=", 1) for line in text.split("\0") if "=" in line))
    return other.rank if (other.launcher, other.size) == (launch.launcher, launch.size) else None


def _name(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return _ENDING


def _rename(name: str) -> str:
    """Give this process another name, and return the one it had; nothing where there is no /proc."""
    own = _PROC / "self" / "comm"
    try:
        before = own.read_text().strip()
        own.write_text(name)
    except OSError:
        return ""
    return before
