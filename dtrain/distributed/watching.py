"""The heartbeat and the watchdog of this process, in a job of several."""

from __future__ import annotations

import atexit
import os

from dtrain import timeline
from dtrain.distributed import hooks, orphan
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.heartbeats import Heartbeats
from dtrain.distributed.pulse import Pulse
from dtrain.distributed.watchdog import ABORT_S, ABORT_VARIABLE, STALL_S, STALL_VARIABLE, Watchdog, seconds

_heartbeats: Heartbeats | None = None
_pulse: Pulse | None = None
_watchdog: Watchdog | None = None


def begin(communicator: Communicator) -> Heartbeats:
    """Keep the heartbeat of this rank and watch those of its host. Every rank of the job must call it.

    Called once more with another communicator, as when ranks have been lost: from now on, watch the ranks of that one.

    Raises:
        ValueError: DTRAIN_STALL_S or DTRAIN_STALL_ABORT_S is no number of seconds.
    """
    global _heartbeats, _pulse, _watchdog
    stall_s, abort_s = seconds(STALL_VARIABLE, STALL_S), seconds(ABORT_VARIABLE, ABORT_S)
    if _heartbeats is None:
        orphan.remember_launcher()
        atexit.register(_end)
        os.register_at_fork(after_in_child=_forget)
    if _watchdog is not None:
        _watchdog.stop()
    _heartbeats = Heartbeats.of(communicator)
    if _pulse is None:
        _pulse = Pulse(_heartbeats)
        timeline.watch(_pulse, first=True)  # another may hang, on purpose
    else:
        _pulse.move(_heartbeats)
    _watchdog = Watchdog(_heartbeats, communicator.rank, stall_s, abort_s, hooks.end_job)
    _watchdog.start()
    return _heartbeats


def heartbeats() -> Heartbeats | None:
    """The heartbeats of the ranks of this host; None in a process that runs alone."""
    return _heartbeats


def waited_s() -> float:
    """Seconds that this rank has waited for others so far."""
    return 0.0 if _pulse is None else _pulse.waited_s


def _end() -> None:
    if _heartbeats is not None:
        _heartbeats.end()


def _forget() -> None:
    """A forked process is no rank."""
    global _heartbeats, _pulse
    if _pulse is not None:
        timeline.unwatch(_pulse)
    _heartbeats = _pulse = None
