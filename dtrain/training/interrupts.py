"""Signals during training: noted when they come, obeyed at the next step, by all processes at the same one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, NoReturn

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say
from dtrain.distributed.restarts import note_too_few

EXIT_STATUS = 75  # EX_TEMPFAIL of sysexits.h: not done, try again
LOOK_S = 0.02
"""How long processes may go on before they ask one another for signals: batch systems leave at least 0.2 s."""
_MOST_STEPS = 64  # between two questions, should steps become much longer
_NOTED = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGTERM", "SIGINT") if hasattr(signal, name))


class Interrupts:
    """Within the `with` block, SIGUSR1, SIGTERM and a first Ctrl-C only set a flag; a second Ctrl-C acts at once.

    Batch systems send SIGUSR1 (when asked to) or SIGTERM some time before they end a job. Outside of the main thread,
    where Python gives no signals, nothing is noted.

    Several processes ask one another after each step, or, where steps are short, after as many as take `LOOK_S`.
    """

    def __init__(self) -> None:
        self._noted = np.zeros(1, np.int64)
        self._interval = self._left = 1  # steps from one question to the next, and until then
        self._asked = time.monotonic()
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
        """The signal that any process has had, None if none is known. Every process must call it after each step."""
        self._left -= 1
        if self._left and communicator.size > 1:
            return None
        # The sum of signal numbers would be none of them: each kind of signal is counted in a place of its own.
        passed_us = int(1e6 * (time.monotonic() - self._asked))
        sums = np.array([*(int(self._noted[0] == number) for number in _NOTED), passed_us], np.int64)
        communicator.Allreduce(sums)
        step_s = 1e-6 * sums[-1] / communicator.size / self._interval  # the same number on all processes
        self._interval = self._left = max(1, min(_MOST_STEPS, int(LOOK_S / max(step_s, 1e-6))))
        self._asked = time.monotonic()
        return next((number for number, count in zip(_NOTED, sums, strict=False) if count), None)


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


def end_with_too_few(left: int, saved_in: list[str], where: str) -> NoReturn:
    """End training because too few workers are left (see `Communicator.enough`); the main process says so.

    `dtrain launch --max-restarts` starts the job again, which it does not after a signal. All processes call it.

    Raises:
        SystemExit: with `EXIT_STATUS`.
    """
    state = f"The state is in {', '.join(saved_in)}: resume from there" if saved_in else "No state was saved"
    note_too_few()
    ranks = "1 rank is left" if left == 1 else f"{left} ranks are left"
    say(f"Stopped {where}: {ranks}, and --min-ranks (DTRAIN_MIN_RANKS) asks for more. {state}", sys.stderr)
    raise SystemExit(EXIT_STATUS)
