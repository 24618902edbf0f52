"""How far the clocks of the ranks are apart, from what each of them saw of the others' in a few collective calls."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dtrain.distributed.communicator import Array, Communicator

ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Reading:
    """At `at` ns of this rank's clock, rank 0's was `at + ahead` ns."""

    at: int
    ahead: int


class RankClock:
    """Turns times of this rank into those of rank 0; exact for the time of the readings, linear between them.

    Args:
        readings: one, or a first and a last one.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._first, self._last = readings[0], readings[-1]

    def of_rank_0(self, time_ns: int) -> int:
        """What rank 0's clock showed at `time_ns` of this rank's; the order of times is kept."""
        first, last = self._first, self._last
        span = last.at - first.at
        drift = (last.ahead - first.ahead) * (time_ns - first.at) // span if span > 0 else 0
        return time_ns + first.ahead + drift


def read_clocks(communicator: Communicator, clock: Callable[[], int] = time.perf_counter_ns) -> Reading:
    """Compare this rank's clock with rank 0's. All ranks must call it, each with a clock in ns.

    All ranks show one another their clocks several times. What a rank shows was read before any rank sees it, and that
    bounds the difference of two clocks from both sides, the tighter the less time the call took (Cristian 1989,
    doi:10.1007/BF01784024; here by collective calls in place of requests and replies). Ranks of one host have one
    clock: their bounds hold together. Where they allow it the difference is 0, else the middle.
    """
    return communicator.uniform(lambda: _read(communicator, clock))


def _read(communicator: Communicator, clock: Callable[[], int]) -> Reading:
    size = communicator.size
    shown, seen = np.empty((ROUNDS, size), np.int64), np.empty(ROUNDS, np.int64)
    for k in range(ROUNDS):
        shown[k] = communicator.Allgather_rows(np.array([clock()], np.int64), [1] * size)
        seen[k] = clock()
    at = clock()
    seen_by = communicator.Allgather_rows(seen[None], [1] * size).T  # (rounds, ranks)
    lower = (shown[:, :1] - seen_by).max(axis=0)  # rank 0 showed its clock before another saw it
    upper = (seen_by[:, :1] - shown).min(axis=0)  # and saw the other's after it was shown
    return Reading(at, _ahead(lower, upper, communicator))


def _ahead(lower: Array, upper: Array, communicator: Communicator) -> int:
    hosts = communicator.allgather(socket.gethostname())
    mine = [rank for rank, host in enumerate(hosts) if host == hosts[communicator.rank]]
    low, high = int(lower[mine].max()), int(upper[mine].min())
    if low > high:  # hosts of the same name, or processes with clocks of their own
        low, high = int(lower[communicator.rank]), int(upper[communicator.rank])
    return 0 if low <= 0 <= high else (low + high) // 2
