"""Finds, in what the ranks of a host are seen to do, who holds up whom, and says it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dtrain.distributed.heartbeats import Sight, is_late
from dtrain.distributed.words import FOR_ALL_RANKS, NAMED, numbered
from dtrain.timeline import DATA, WAIT

SILENT_S = 10.0  # a rank of which no thread runs so long is held up, whatever it did
_STATES = {
    "T": "its process is stopped, as by SIGSTOP",
    "t": "a debugger holds its process",
    "D": "its process waits for a disk or a network file system",
    "Z": "its process has ended",
    "X": "its process has ended",
}


@dataclass(frozen=True)
class Stall:
    """Ranks of a host that wait, and those that keep them waiting.

    Attributes:
        waiting: all that wait; none in a job of several hosts, of which the others are not seen.
        late: those they wait for; none where these are on another host, or the ranks wait for different things.
        waited_s: how long the first of them has waited; without any, how long the late ones have been late.
        for_ever: whether a late rank has ended, so that the wait cannot end.
    """

    waiting: list[Sight]
    late: list[Sight]
    waited_s: float
    for_ever: bool

    @property
    def speaker(self) -> int:
        """The rank that reports it."""
        return min(sight.rank for sight in self.waiting or self.late)


def find(sights: Sequence[Sight], seconds: float, whole: bool) -> Stall | None:
    """Return what holds up ranks for at least `seconds`, or None.

    A rank that does something long is late only if another waits for it: where a host has no waiting rank, those of
    other hosts (not `whole`) may wait.
    """
    stopped = [sight for sight in sights if not sight.ended and sight.silent_s >= min(seconds, SILENT_S)]
    waiting = [sight for sight in sights if sight.waiting and sight not in stopped]
    if not waiting:
        late = [] if whole else [sight for sight in sights if not sight.ended and is_late(sight, seconds)]
        late_s = [sight.still_s for sight in late if sight.phases]
        # All ranks outside of any phase: nobody trains.
        return Stall([], late, max(late_s), False) if late_s else None
    waited_s = max(sight.still_s for sight in waiting)
    if waited_s < seconds:
        return None
    late = [sight for sight in sights if sight not in waiting]
    return Stall(waiting, late, waited_s, any(sight.ended for sight in late))


def describe(stall: Stall, whole: bool) -> str:
    """Return the stall in a sentence, or two."""
    waiting = f"{_waiting(stall.waiting)}, since {stall.waited_s:.0f} s"
    if stall.late:
        late = "; ".join(_named(sight) for sight in stall.late[:NAMED])
        more = f"; {len(stall.late) - NAMED} more ranks too" if len(stall.late) > NAMED else ""
        advice = f". {FOR_ALL_RANKS}" if stall.for_ever else ""
        return f"{late}{more}" + (f"; {waiting}" if stall.waiting else "") + advice
    if whole:
        return f"{waiting}: all ranks wait, so they wait for different things. {FOR_ALL_RANKS}"
    # A rank that is late within a phase of training says so itself.
    other = "on another host, where it is late, stopped or outside of training, or has ended its program"
    return f"{waiting}: all that are seen from host {socket.gethostname()}. The rank they wait for is {other}"


def _named(sight: Sight) -> str:
    who = f"rank {sight.rank} (host {socket.gethostname()}, pid {sight.pid})"
    if sight.ended:
        return f"{who} has ended its program, {_step(sight)}"
    state = state_of(sight.pid)
    what = f"has been {_place(sight)} for {sight.still_s:.0f} s"
    if state:
        return f"{who} {what}: {state}"
    if sight.silent_s >= SILENT_S:
        return f"{who} {what}: none of its Python threads has run for {sight.silent_s:.0f} s"
    return f"{who} {what}"


def state_of(pid: int) -> str:
    """Return what the system says of a process that cannot go on; nothing if it can, or where that is not known."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "its process is gone" if Path("/proc/self").exists() else ""
    return _STATES.get(letter, "")


def _waiting(sights: Sequence[Sight]) -> str:
    """Which ranks wait where, each place once."""
    places: dict[str, list[int]] = {}
    for sight in sights:
        places.setdefault(_place(sight), []).append(sight.rank)
    return " and ".join(
        f"{numbered('rank', ranks)} wait{'s' * (len(ranks) == 1)} {place}" for place, ranks in places.items()
    )


def _place(sight: Sight) -> str:
    """The phases, without the wait in them, and the step."""
    phases = [name for name in sight.phases[::-1] if name != WAIT.name]
    if not phases:
        return f"{'where all ranks meet' if sight.phases else 'outside of training'}, {_step(sight)}"
    # The data of a step are made before it begins.
    step = f"of step {sight.step + 1} of epoch {sight.epoch + 1}"
    within = " within ".join(repr(name) for name in phases)
    return f"in {within} {step if sight.step >= 0 and DATA.name not in phases else _step(sight)}"


def _step(sight: Sight) -> str:
    if sight.step < 0:
        return "before the first step"
    return f"after step {sight.step + 1} of epoch {sight.epoch + 1}"
