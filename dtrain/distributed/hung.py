"""In elastic mode a rank that hangs is killed, so that the others can go on without it."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time

from dtrain.distributed import watching
from dtrain.distributed.heartbeats import Sight, is_late
from dtrain.distributed.watchdog import seconds

VARIABLE = "DTRAIN_HUNG_S"
DEFAULT_S = 60.0


def hung_s() -> float:
    """Return after what time a rank for which others wait counts as lost: `$DTRAIN_HUNG_S`, else 60; 0: infinite.

    Raises:
        ValueError: the variable is no number >= 0.
    """
    return seconds(VARIABLE, DEFAULT_S)


def to_kill(sights: list[Sight], own: int, limit_s: float) -> list[Sight]:
    """Return the ranks of this host that hang, while this process, `own`, has waited for `limit_s`.

    A rank hangs that has not run for so long (it is stopped), or has been in one phase without waiting for others.
    """
    this = next((sight for sight in sights if sight.pid == own), None)
    if this is None or not this.waiting or this.still_s < limit_s:
        return []
    return [sight for sight in sights if sight.pid != own and not sight.ended and is_late(sight, limit_s)]


class Reaper:
    """A thread that kills processes of this host for which this one has waited too long. It never calls MPI.

    Where no rank of the host waits, since all are stopped or there is just one, its guardian kills one that is stopped.
    One that runs and hangs is not seen there: the watchdog ends the job, after DTRAIN_STALL_ABORT_S.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._tick_s = min(1.0, limit_s / 4)
        self._killed: set[int] = set()

    def start(self) -> None:
        """Watch from now on, as long as the program runs."""
        if self._limit_s < math.inf:
            threading.Thread(target=self._watch, name="dtrain-reaper", daemon=True).start()

    def _watch(self) -> None:
        while True:
            began = time.monotonic()
            time.sleep(self._tick_s)
            heartbeats = watching.heartbeats()
            if heartbeats is None:
                continue
            if time.monotonic() - began > self._tick_s + 2.0:
                heartbeats.forget_times()  # this process itself was stopped, so it has not seen the others run
                continue
            for sight in to_kill(heartbeats.look(), os.getpid(), self._limit_s):
                self._kill(sight)

    def _kill(self, sight: Sight) -> None:
        if sight.pid in self._killed:
            return
        self._killed.add(sight.pid)
        try:
            os.kill(sight.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # another rank was first
        text = f"dtrain: pid {sight.pid} has kept others waiting for {self._limit_s:g} s ({VARIABLE}) and is killed.\n"
        sys.stderr.write(text)
        sys.stderr.flush()
