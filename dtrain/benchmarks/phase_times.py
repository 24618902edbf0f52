"""How long each phase of training took, the phases within it not counted."""

from __future__ import annotations

import time
from collections import defaultdict
from types import TracebackType

from dtrain.timeline import unwatch, watch


class PhaseTimes:
    """Watches the timeline within its block; `seconds` maps each phase to the time of its own so far.

    For the thread that trains only: no other may enter phases meanwhile.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._entered: list[str] = []
        self._since = 0.0

    def __enter__(self) -> PhaseTimes:
        watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        unwatch(self)

    def begin_step(self, epoch: int, step: int) -> None:
        """Steps are told apart by whoever clears `seconds`."""

    def enter(self, phase: str) -> None:
        self._count()
        self._entered.append(phase)

    def leave(self, phase: str) -> None:
        self._count()
        self._entered.pop()

    def _count(self) -> None:
        now = time.perf_counter()
        if self._entered:
            self.seconds[self._entered[-1]] += now - self._since
        self._since = now
