"""Who belongs to an elastic job, and what is said when one of them is lost."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrain.distributed.words import numbered
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
    """Ranks were lost.

    Attributes:
        before: who was there before.
        where: that was seen.
        workers: how many of the first ranks have rows at most; None: all.
        seen: by the monotonic clock.
    """

    before: Sequence[Member]
    where: str
    workers: int | None = None
    seen: float = field(default_factory=time.monotonic)

    def describe(self, left: Sequence[Member]) -> str:
        """Return the loss in a sentence, told when the work goes on with those that are `left`."""
        lost = [self._name(member) for member in self.before if member not in left]
        who = f"{' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} lost {self.where}"
        ranks = [member.rank for member in left]
        others = f"{len(left)} of {len(self.before)} ranks go" if len(left) > 1 else f"rank {ranks[0]} alone goes"
        pause_s = time.monotonic() - self.seen
        ends = f"on, after {pause_s:.2f} s{self._spares_left(left)}{_numbers(ranks)}"
        return f"dtrain: {who}: {self._replacement(left)}{others} {ends}"

    def _name(self, member: Member) -> str:
        return f"{member}, a spare," if member in self._spares(self.before) else str(member)

    def _spares(self, members: Sequence[Member]) -> Sequence[Member]:
        return members[len(members) if self.workers is None else self.workers :]

    def _replacement(self, left: Sequence[Member]) -> str:
        """Which spares have rows from now on."""
        spares, still = self._spares(self.before), self._spares(left)
        called = [member.rank for member in left if member in spares and member not in still]
        if not called:
            return ""
        lost = sum(member not in left for member in self.before if member not in spares)
        places = (
            "its place" if lost == 1 else "their places" if lost == len(called) else f"{len(called)} of {lost} places"
        )
        return f"{numbered('spare rank', called)} {'takes' if len(called) == 1 else 'take'} {places}, "

    def _spares_left(self, left: Sequence[Member]) -> str:
        """How many spares there are still, if there were any."""
        if not self._spares(self.before):
            return ""
        count = len(self._spares(left))
        return f" ({count or 'no'} spare{'s are' if count > 1 else ' is'} left)"


def _numbers(ranks: Sequence[int]) -> str:
    """How the ranks of before are numbered now."""
    if list(ranks) == list(range(len(ranks))):
        return ""
    if len(ranks) == 1:
        return ", as rank 0"
    return f". Ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]} are now ranks 0-{len(ranks) - 1}"
