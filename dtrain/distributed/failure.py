"""One rank fails: the whole job ends within seconds, with one traceback that names the rank.

Under plain MPI the others would wait for the failed rank for ever.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from dtrain.distributed.launcher import Launch

GLANCE_S = 0.05  # a message that has come is seen only after MPI was called a few times
HEAD_START_S = 0.4  # lower ranks may speak first, and an equal error is then not repeated
SETTLE_S = 0.3  # how long word of another failing rank may take
LINGER_S = 0.6  # others may add one line of theirs before the job is ended
EARLY_S = 2.0  # without MPI: if rank 0 fails too, it ends the job meanwhile
QUIET_S = 3.0  # a rank that lets another speak ends the job itself after this time


class Channel(Protocol):
    """What MPI gives to ranks that fail: a few words to one another, and the end of the job."""

    def tell(self, printed: bool, summary: str) -> None:
        """Send to all other ranks what failed here, without waiting for them."""

    def heard(self) -> list[tuple[int, bool, str]]:
        """Return (rank, printed, summary) of every message that has come since the last call."""

    def abort(self, status: int) -> None:
        """End the job with exit status `status`."""


class Failures:
    """The failure handling of this process: at most one report, then the end of the job."""

    def __init__(self, launch: Launch) -> None:
        self.rank = launch.rank
        self.size = launch.size
        self.launcher = launch.launcher
        self.channel: Channel | None = None
        self.reporting: int | None = None  # identity of the thread that reports
        self.last_acts: list[Callable[[], None]] = []
        self._claim = threading.Lock()

    def report(self, summary: str, write: Callable[[], object], status: int) -> None:
        """Print by `write`, unless another rank reports the same, and end the job.

        Returns only in a second thread that fails while the first is here.
        """
        if not self._claim.acquire(blocking=False):
            return
        self.reporting = threading.get_ident()
        try:
            _flush()
            reported = self._agree(summary)
            if reported is None:
                write()
            elif reported != summary:
                sys.stderr.write(f"{self.name()} failed too: {summary}\n")
            self._act()
            _flush()
            self._linger(LINGER_S if reported is None else QUIET_S)
        finally:
            self._end(status)

    def name(self) -> str:
        return f"rank {self.rank} of {self.size}" if self.size else f"rank {self.rank}"

    def _act(self) -> None:
        for act in self.last_acts:
            try:
                act()
            except Exception as error:  # the job must end
                sys.stderr.write(f"{self.name()}: {type(error).__name__}: {error}\n")

    def _agree(self, summary: str) -> str | None:
        """Return what another rank reports in full, or None if this one is to do so."""
        if self.channel is None:
            time.sleep(EARLY_S if self.rank else 0.0)
            return None
        if not _in_main_thread():
            return None  # MPI may be in use there
        try:
            return self._ask(self.channel, summary)
        except Exception:  # whatever MPI says now, the failure itself must be printed
            return None

    def _ask(self, channel: Channel, summary: str) -> str | None:
        reported = self._listen(channel, HEAD_START_S if self.rank else GLANCE_S)
        if reported is None and self.rank:
            channel.tell(False, summary)
            reported = self._listen(channel, SETTLE_S)
        if reported is None:
            channel.tell(True, summary)
        return reported

    def _listen(self, channel: Channel, seconds: float) -> str | None:
        """Wait for a rank that has printed, or a lower one that is about to."""
        until = time.monotonic() + seconds
        while True:
            for rank, printed, summary in channel.heard():
                if printed or rank < self.rank:
                    return summary
            if time.monotonic() >= until:
                return None
            time.sleep(0.01)

    def _linger(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.channel is not None and _in_main_thread():
                self.channel.heard()  # messages of this rank leave only while MPI is called
            time.sleep(0.01)

    def _end(self, status: int) -> NoReturn:
        try:
            if self.channel is not None:
                self.channel.abort(status)
            elif self.launcher == "hydra":
                _abort_by_pmi(status)
        finally:
            os._exit(status)  # a thread that still runs must not hold the process


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # closed, or replaced by something that cannot


def _abort_by_pmi(status: int) -> None:
    """Ask hydra to end the job: it lets the others run on when a process ends before MPI is initialized."""
    try:
        os.write(int(os.environ["PMI_FD"]), f"cmd=abort exitcode={status}\n".encode())
    except (KeyError, ValueError, OSError):
        return
    time.sleep(SETTLE_S)
