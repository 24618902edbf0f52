"""Signals during training: noted when they come, obeyed at the next step, by all processes at the same one."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say

EXIT_STATUS = 75  # EX_TEMPFAIL of sysexits.h: not done, try again
_NOTED = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGTERM", "SIGINT") if hasattr(signal, name))


class Interrupts:
    """Within the `with` block, SIGUSR1, SIGTERM and a first Ctrl-C only set a flag; a second Ctrl-C acts at once.

    Batch systems send SIGUSR1 (when asked to) or SIGTERM some time before they end a job. Outside of the main thread,
    where Python gives no signals, nothing is noted.
    """

    def __init__(self) -> None:
        self._noted = np.zeros(1, np.int64)
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _NOTED}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._noted[0] == signal.SIGINT:
            raise KeyboardInterrupt
        self._noted[0] = number

    def agreed(self, communicator: Communicator) -> int | None:
        """The signal that any process has had, None if there was none. Every process must call it."""
        # The sum of signal numbers would be none of them: each kind of signal is counted in a place of its own.
        counts = np.array([int(self._noted[0] == number) for number in _NOTED], np.int64)
        communicator.Allreduce(counts)
        return next((number for number, count in zip(_NOTED, counts, strict=True) if count), None)


def obey(number: int, saved_in: list[str], where: str) -> None:
    """End training after a signal; the main process says so.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
        SystemExit: with `EXIT_STATUS`, after another signal.
    """
    name = signal.Signals(number).name
    say(f"Stopped by {name} {where}. The state is in {', '.join(saved_in)}: resume from there", sys.stderr)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(EXIT_STATUS)
