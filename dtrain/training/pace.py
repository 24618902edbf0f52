"""How much of their time the processes wait for one another, and which of them is the slowest."""

from __future__ import annotations

import time

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.watching import waited_s

NOTABLE = 0.02  # of a rank's own time


class Pace:
    """Takes the time from its making on."""

    def __init__(self) -> None:
        self._start_s, self._waited_s = time.perf_counter(), waited_s()

    def summary(self, communicator: Communicator) -> str:
        """Return what was measured on all processes that have rows, in words; nothing for one. All must call it."""
        return communicator.uniform(lambda: self._summary(communicator))

    def _summary(self, communicator: Communicator) -> str:
        if communicator.workers == 1:
            return ""
        own = np.array([[time.perf_counter() - self._start_s, waited_s() - self._waited_s]])
        return describe(communicator.Allgather_rows(own, [1] * communicator.size)[: communicator.workers])


def describe(times: Array) -> str:
    """Return the mean share of waiting, and the slowest rank if it takes notably longer than the median of the others.

    Args:
        times: seconds of each rank, and those of them in which it waited, shape `(ranks, 2)`.
    """
    elapsed_s, waits_s = times.T
    share = f"wait {100 * waits_s.sum() / max(elapsed_s.sum(), 1e-9):.0f} %"
    own_s = elapsed_s - waits_s
    slowest = int(own_s.argmax())
    more = own_s[slowest] / max(float(np.median(np.delete(own_s, slowest))), 1e-9) - 1
    return f"{share} (rank {slowest} slowest by {100 * more:.0f} %)" if more >= NOTABLE else share
