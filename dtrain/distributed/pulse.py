"""Writes down, phase by phase, what this rank does, and how long it has waited for others."""

from __future__ import annotations

from time import perf_counter

from dtrain.distributed.heartbeats import BEATS, CODE_BITS, CODES, EPOCH, PATH, PATH_MASK, STEP, Heartbeats
from dtrain.timeline import WAIT

_WAIT = CODES[WAIT.name]


class Pulse:
    """A watcher of the timeline that keeps the heartbeat of this rank (see `timeline.Watcher`).

    Attributes:
        waited_s: seconds spent in `WAIT` so far.
    """

    def __init__(self, heartbeats: Heartbeats) -> None:
        self._record = heartbeats.own
        self._path = 0
        self._beats = 0
        self._began_s = 0.0
        self.waited_s = 0.0

    def move(self, heartbeats: Heartbeats) -> None:
        """Write into other heartbeats from now on."""
        self._record = heartbeats.own
        self._record[PATH] = self._path

    def begin_step(self, epoch: int, step: int) -> None:
        self._record[EPOCH], self._record[STEP] = epoch, step

    def enter(self, phase: str) -> None:
        code = CODES.get(phase)
        if code is None:
            return
        self._path = path = (self._path << CODE_BITS | code) & PATH_MASK
        self._beats = beats = (self._beats + 1) & PATH_MASK
        self._record[BEATS] = beats
        self._record[PATH] = path
        if code == _WAIT:
            self._began_s = perf_counter()

    def leave(self, phase: str) -> None:
        code = CODES.get(phase)
        if code is None:
            return
        if code == _WAIT:
            now_s = perf_counter()
            self.waited_s += now_s - self._began_s
            self._began_s = now_s  # a wait around this one counts on from here
        self._path = path = self._path >> CODE_BITS
        self._record[PATH] = path  # no beat is counted: the next phase that is entered has another number
