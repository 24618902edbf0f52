"""Who belongs to an elastic job, and what is said when one of them is lost."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrain.timeline import VALIDATION


@dataclass(frozen=True)
class Member:
    """A process of the job, by the rank that it had at the start."""

    rank: int
    host: str
    pid: int

    @classmethod
    def own(cls, rank: int) -> Member:
        """This process."""
        return cls(rank, socket.gethostname(), os.getpid())

    def __str__(self) -> str:
        return f"rank {self.rank} (host {self.host}, pid {self.pid})"


class Place:
    """Where training stands, a watcher of the timeline."""

    def __init__(self) -> None:
        self._epoch, self._step = -1, -1
        self._validating = False

    def begin_step(self, epoch: int, step: int) -> None:
        self._epoch, self._step = epoch, step

    def enter(self, phase: str) -> None:
        if phase == VALIDATION.name:
            self._validating = True

    def leave(self, phase: str) -> None:
        if phase == VALIDATION.name:
            self._validating = False

    def __str__(self) -> str:
        if self._step < 0:
            return "before the first step"
        if self._validating:
            return f"in the validation of epoch {self._epoch + 1}"
        return f"in step {self._step + 1} of epoch {self._epoch + 1}"


@dataclass
class Loss:
    """Ranks were lost: who was there before, and where that was seen."""

    before: Sequence[Member]
    where: str
    seen: float = field(default_factory=time.monotonic)

    def describe(self, left: Sequence[Member]) -> str:
        """Return the loss in a sentence, told when the work goes on with those that are `left`."""
        lost = [str(member) for member in self.before if member not in left]
        who = f"{' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} lost {self.where}"
        ranks = [member.rank for member in left]
        others = f"{len(left)} of {len(self.before)} ranks go" if len(left) > 1 else f"rank {ranks[0]} alone goes"
        pause_s = time.monotonic() - self.seen
        return f"dtrain: {who}: {others} on, after {pause_s:.2f} s{_numbers(ranks)}"


def _numbers(ranks: Sequence[int]) -> str:
    """How the ranks of before are numbered now."""
    if list(ranks) == list(range(len(ranks))):
        return ""
    if len(ranks) == 1:
        return ", as rank 0"
    return f". Ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]} are now ranks 0-{len(ranks) - 1}"
