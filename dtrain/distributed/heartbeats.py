"""What each rank of a host is doing, written by the rank and read by the others without a message."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dtrain import timeline
from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.shared_memory import allocate_shared

PHASES = tuple(
    phase.name
    for phase in (
        timeline.WAIT,
        timeline.DATA,
        timeline.COMPUTE,
        timeline.REDUCE,
        timeline.UPDATE,
        timeline.METRICS,
        timeline.VALIDATION,
        timeline.CALLBACKS,
        timeline.CHECKPOINT,
    )
)
"""Those that are followed. `WRITE` is not: it goes on in a thread beside the others."""

CODES = {name: number for number, name in enumerate(PHASES, 1)}
CODE_BITS = 4
PATH_MASK = (1 << 7 * CODE_BITS) - 1
"""Of a path: the codes of the phases that nest, the innermost lowest; of more than 7, the inner ones."""

# The words of a rank's record. Each is written at once, so a reader sees an old value or a new one.
PATH, BEATS, ALIVE, EPOCH, STEP, RANK, PID, ENDED, ASKED, ANSWERED, LENGTH = range(11)
_MOVING = slice(PATH, ALIVE + 1)
_WORDS = 16
_TEXT_BYTES = 4032
_RECORD = _WORDS + _TEXT_BYTES // 4  # words


@dataclass(frozen=True)
class Sight:
    """What a rank was seen to do.

    Attributes:
        rank: its place in the job.
        pid: its process.
        ended: whether its program is over.
        phases: the phases it is in, the innermost last; none outside of them.
        epoch, step: of the training step it has begun last, from 0; -1 before the first.
        still_s: how long it has been seen in this phase without leaving it.
        silent_s: how long no thread of it has been seen to run.
    """

    rank: int
    pid: int
    ended: bool
    phases: tuple[str, ...]
    epoch: int
    step: int
    still_s: float
    silent_s: float

    @property
    def waiting(self) -> bool:
        """Whether it waits for other ranks."""
        return not self.ended and self.phases[-1:] == (timeline.WAIT.name,)


class Heartbeats:
    """The records of the ranks of this host, in memory they share, or of this rank alone.

    A record says what its rank does, not since when, for that would take a look at the clock in every phase. So times
    count from the first `look` that saw the present phase: look regularly.

    Attributes:
        own: the record of this rank.
        whole: whether the records are those of all ranks of the job.
    """

    def __init__(self, memory: Array, place: int, rank: int, whole: bool, clock: Callable[[], float]) -> None:
        """Write record `place` of those in `memory`, which is of a multiple of the length of a record."""
        self._records = memory.reshape(-1, _RECORD)
        self._clock = clock
        self._lock = threading.Lock()
        self._last = self._records[:, _MOVING].copy()
        self._since = np.full(self._last.shape, clock())
        self.whole = whole
        # Through a memoryview, a word is written in a third of the time that NumPy takes.
        self.own = memoryview(self._records[place]).cast("B").cast("i")
        self.own[RANK], self.own[EPOCH], self.own[STEP] = rank, -1, -1
        self.own[PID] = os.getpid()  # last: a record without it is none yet

    @classmethod
    def of(cls, communicator: Communicator, clock: Callable[[], float] = time.monotonic) -> Heartbeats:
        """Make the records of all ranks. Every rank must call it; without shared memory, each sees only itself."""
        node = communicator.node
        try:
            memory = allocate_shared(node, node.size * _RECORD, np.int32)
        except SharedMemoryError:
            return cls.alone(communicator.rank, communicator.size, clock)
        return cls(memory, node.rank, communicator.rank, node.size == communicator.size, clock)

    @classmethod
    def alone(cls, rank: int, size: int, clock: Callable[[], float] = time.monotonic) -> Heartbeats:
        """Make a record that only this rank sees."""
        return cls(np.zeros(_RECORD, np.int32), 0, rank, size == 1, clock)

    def alive(self) -> None:
        """Say that threads of this rank run."""
        self.own[ALIVE] = (self.own[ALIVE] + 1) & PATH_MASK

    def end(self) -> None:
        """Say that the program of this rank is over, unless this is a process that it has forked."""
        if self.own[PID] == os.getpid():
            self.own[ENDED] = 1

    def look(self) -> list[Sight]:
        """Return what the ranks of this host do now."""
        with self._lock:
            records = self._records[:, :_WORDS].copy()
            now = self._clock()
            self._since[records[:, _MOVING] != self._last] = now
            self._last = records[:, _MOVING].copy()
            times = (now - self._since).tolist()
        rows = zip(records.tolist(), times, strict=True)
        return [_sight(words, min(path_s, beat_s), alive_s) for words, (path_s, beat_s, alive_s) in rows if words[PID]]

    def forget_times(self) -> None:
        """Count all times from now on: this process itself has not run for a while."""
        with self._lock:
            self._since[...] = self._clock()

    def late(self, seconds: float) -> list[int]:
        """Return the ranks of this host that have ended, or hang.

        A rank hangs that was seen in one phase for `seconds` and waits for nobody, or of which no thread ran so long
        (it is stopped). Such a rank is late only if others wait for it, which the caller must know: it may do something
        long. Call it again and again: time counts from the first look.
        """
        return [sight.rank for sight in self.look() if is_late(sight, seconds)]

    def ask(self, rank: int) -> Callable[[], str | None]:
        """Ask a rank for its Python stack; the function returned gives it once `answer` was called there, else None."""
        place = int(np.flatnonzero((self._records[:, RANK] == rank) & (self._records[:, PID] != 0))[0])
        record = self._records[place]
        record[ASKED] += 1
        wanted = int(record[ASKED])

        def answer() -> str | None:
            if record[ANSWERED] < wanted:
                return None
            text: bytes = record[_WORDS:].tobytes()[: int(record[LENGTH])]
            return text.decode("utf-8", "replace")

        return answer

    def answer(self, stack: Callable[[], str]) -> None:
        """Write the stack of this rank if somebody has asked for it since the last call."""
        asked = self.own[ASKED]
        if asked == self.own[ANSWERED]:
            return
        text = stack().encode()[-_TEXT_BYTES:]  # the end is the place where it is now
        self.own.cast("B")[_WORDS * 4 : _WORDS * 4 + len(text)] = text
        self.own[LENGTH] = len(text)
        self.own[ANSWERED] = asked


def is_late(sight: Sight, seconds: float) -> bool:
    """Whether a rank has ended or hangs (see `Heartbeats.late`)."""
    return sight.ended or sight.silent_s >= seconds or (not sight.waiting and sight.still_s >= seconds)


def _sight(words: Sequence[int], still_s: float, silent_s: float) -> Sight:
    path, phases = words[PATH], []
    while path:
        phases.append(PHASES[(path & (1 << CODE_BITS) - 1) - 1])
        path >>= CODE_BITS
    return Sight(
        words[RANK], words[PID], bool(words[ENDED]), tuple(phases[::-1]), words[EPOCH], words[STEP], still_s, silent_s
    )
