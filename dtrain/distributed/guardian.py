"""A process beside each rank of an elastic job that kills the rank when it is stopped, so that the others can go on.

The other ranks of a host may be stopped as well, and those of other hosts see nothing of it. The guardian is this file
itself, run as a program: it has no part in MPI, loads a few modules of the standard library, and ends with its rank. It
belongs to the process group of the rank. Whoever stops the whole job on purpose, as by Ctrl-Z or in a batch system,
stops that group, and the guardian with it.
"""

from __future__ import annotations

import math
import os
import select
import signal
import sys
import time
from contextlib import suppress

TICK_S = 1.0  # at most this long a guardian outlives its rank
ASLEEP_S = 2.0  # a process that only waits is not kept from running so long
HEAD_START_S = 2.0  # for the ranks of the same host, who know whether they wait for this one
_NAME = b"dtrain-guardian"
_STOPS = {getattr(signal, name) for name in ("SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT") if hasattr(signal, name)}

_pid = _pipe = -1


# -- in the rank ------------------------------------------------------------------------------------------------------


def start(limit_s: float, name: str) -> None:
    """Start the guardian of this process; nothing where there is no /proc, or `limit_s` is infinite.

    Call it before MPI is initialized: some networks do not bear new processes afterwards.

    Args:
        limit_s: how long this process may be stopped, in seconds.
        name: of this process, in what is said when it is killed.
    """
    global _pid, _pipe
    if limit_s == math.inf or not os.path.exists("/proc/self/status") or not sys.executable:
        return
    end, _pipe = os.pipe()  # the guardian sees that the rank has ended when nobody can write into it any more
    try:
        _pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(limit_s), name],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, end, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
            setsigmask=signal.valid_signals() - _STOPS,  # what is meant for the rank comes to its whole group
        )
    except OSError as error:
        sys.stderr.write(f"dtrain: {name} is not seen when it is stopped, since no process can be started: {error}\n")
        os.close(_pipe)
    finally:
        os.close(end)


def dismiss() -> None:
    """End the guardian of this process, which nobody waits for any more."""
    global _pid
    if _pid > 0:
        with suppress(OSError):  # it may have ended, by whatever has ended it
            os.kill(_pid, signal.SIGKILL)
            os.waitpid(_pid, 0)
        os.close(_pipe)
        _pid = -1


# -- the guardian -----------------------------------------------------------------------------------------------------


class Stop:
    """Finds out how long a process is stopped, from what is seen of it again and again."""

    def __init__(self, now: float) -> None:
        self._seen: tuple[str, ...] = ()
        self._since = self._looked = now

    def seconds(self, seen: tuple[str, ...], now: float) -> float:
        """Return how long the process is stopped.

        Args:
            seen: its state, and numbers that grow whenever it runs.
            now: the time, in seconds. If it has jumped since the last call, the one who looks was stopped too.
        """
        stopped = seen[:1] == ("T",) and seen == self._seen
        if not stopped or now - self._looked > TICK_S + ASLEEP_S:
            self._since = now
        self._seen, self._looked = seen, now
        return now - self._since


def see(pid: int) -> tuple[str, ...]:
    """Return the state of a process, a letter, and how often it was given the processor; nothing if it has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return fields["State"].split()[0], fields["voluntary_ctxt_switches"], fields["nonvoluntary_ctxt_switches"]
    except (OSError, KeyError):
        return ()


def guard(pid: int, limit_s: float, name: str) -> None:
    """Watch a process, the parent of this one, until it has ended; kill it if it is stopped for `limit_s`."""
    stop = Stop(time.monotonic())
    tick_s = min(TICK_S, limit_s / 4)
    while not select.select([0], [], [], tick_s)[0] and os.getppid() == pid:
        if stop.seconds(see(pid), time.monotonic()) >= limit_s + HEAD_START_S and os.getppid() == pid:
            text = f"dtrain: {name} has been stopped for {limit_s:g} s (DTRAIN_HUNG_S) and is killed.\n"
            os.kill(pid, signal.SIGKILL)
            with suppress(OSError):
                os.write(2, text.encode())
            return


if __name__ == "__main__":
    with suppress(OSError), open("/proc/self/comm", "wb") as comm:
        comm.write(_NAME)
    guard(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
