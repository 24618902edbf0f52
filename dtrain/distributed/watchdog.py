"""A thread of each rank that sees when ranks of this host wait too long, and says for whom."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

from dtrain.distributed import orphan
from dtrain.distributed.heartbeats import Heartbeats, Sight
from dtrain.distributed.stall import Stall, describe, find, state_of

STALL_VARIABLE = "DTRAIN_STALL_S"
STALL_S = 60.0
ABORT_VARIABLE = "DTRAIN_STALL_ABORT_S"
ABORT_S = 1800.0
ENDED_S = 5.0  # a rank that has ended does not come back, but its last messages may still be on the way
ANSWER_S = 2.0  # for the stack of another rank
ASLEEP_S = 2.0  # a thread that only waits is not kept from running so long
HEAD_START_S = 5.0  # for those who know more


def seconds(variable: str, default: float) -> float:
    """Return the time that an environment variable sets, infinite if that is 0.

    Raises:
        ValueError: it is no number >= 0.
    """
    text = os.environ.get(variable, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise ValueError(f"{variable} must be a number of seconds, or 0 for never. Received: {variable}={text}")
    return value or math.inf


class Watchdog:
    """Reports ranks of this host that keep others waiting, once each time, by one rank; ends the job if it lasts.

    Never calls MPI, which is for the main thread alone, unless the job is to be ended.

    Args:
        heartbeats: what the ranks do.
        rank: this one.
        stall_s: ranks that keep others waiting so long are named.
        abort_s: and after this time the job is ended.
        end_job: prints a text and ends the job, by way of a summary and a function that writes.
    """

    def __init__(
        self,
        heartbeats: Heartbeats,
        rank: int,
        stall_s: float,
        abort_s: float,
        end_job: Callable[[str, Callable[[], None]], None],
    ) -> None:
        self._heartbeats = heartbeats
        self._rank = rank
        self._stall_s, self._abort_s = stall_s, abort_s
        self._end_job = end_job
        self._main = threading.main_thread().ident or 0
        self._longest_s = 0.0  # of the wait that is reported now
        self._patience_s: dict[object, float] = {}  # by what was reported before
        self._stopped = threading.Event()
        self._tick_s = min(0.5, stall_s / 4, abort_s / 4)

    def start(self) -> None:
        """Watch from now on, as long as the program runs."""
        threading.Thread(target=self._watch, name="dtrain-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def _watch(self) -> None:
        looked = time.monotonic()
        while not self._stopped.wait(self._tick_s):
            orphan.end_if_launcher_is_gone(self._rank)
            self._heartbeats.alive()
            self._heartbeats.answer(self._stack)
            if time.monotonic() - looked > self._tick_s + ASLEEP_S:
                self._heartbeats.forget_times()  # this process was stopped, or the host asleep: nobody else is late
            else:
                self.look()
            looked = time.monotonic()

    def look(self) -> None:
        """Look once at what all ranks of the host do, and say what is wrong, or that it is over."""
        stall = find(self._heartbeats.look(), min(self._stall_s, self._abort_s, ENDED_S), self._heartbeats.whole)
        if stall is None or stall.waited_s < self._longest_s:
            self._say_that_it_is_over()
        if stall is None or stall.speaker != self._rank:
            return
        if self._is_to_end(stall):
            self._end(stall)
        elif self._is_to_say(stall):
            self._say(f"{self._report(stall)}{self._outlook()}")
            self._longest_s = stall.waited_s
        elif self._longest_s:
            self._longest_s = stall.waited_s

    def _say_that_it_is_over(self) -> None:
        if self._longest_s:
            self._say(f"dtrain: that wait is over, after {self._longest_s:.0f} s.")
            self._longest_s = 0.0

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _is_to_say(self, stall: Stall) -> bool:
        """Whether it is new: the same ranks in the same places are named again when they take twice as long."""
        if self._longest_s or stall.for_ever or not _knows_more(stall):
            return False
        kind = tuple((sight.rank, sight.phases) for sight in stall.late)
        if stall.waited_s < self._patience_s.get(kind, self._stall_s):
            return False
        self._patience_s[kind] = 2 * stall.waited_s
        return True

    def _is_to_end(self, stall: Stall) -> bool:
        if stall.for_ever:
            return stall.waited_s >= ENDED_S
        # Where nobody waits, nobody need wait elsewhere either. Those who know the late rank come first.
        return bool(stall.waiting) and stall.waited_s >= self._abort_s + (0 if _knows_more(stall) else HEAD_START_S)

    def _end(self, stall: Stall) -> None:
        text = self._report(stall)
        why = "they wait for ever" if stall.for_ever else f"that is longer than {ABORT_VARIABLE}={self._abort_s:g}"

        def write() -> None:
            sys.stderr.write(f"{text}\nThe job is ended: {why}.\n")

        self._end_job(f"ranks waited for {stall.waited_s:.0f} s", write)

    def _report(self, stall: Stall) -> str:
        stacks = [self._stack_of(sight) for sight in stall.late[:1] if not sight.ended and not state_of(sight.pid)]
        return "\n".join([f"dtrain: {describe(stall, self._heartbeats.whole)}.", *stacks])

    def _outlook(self) -> str:
        end = f", and is ended after {self._abort_s:g} s ({ABORT_VARIABLE})" if self._abort_s < math.inf else ""
        return f"\nThe job goes on{end}. {STALL_VARIABLE}={self._stall_s:g} is the time until this is said; 0: never."

    def _stack_of(self, sight: Sight) -> str:
        stack = self._stack() if sight.rank == self._rank else self._ask(sight.rank)
        if stack is None:
            return "Its Python stack is not known, since none of its threads answers."
        return f"Its Python stack, the innermost call last:\n{stack}".rstrip()

    def _ask(self, rank: int) -> str | None:
        answer = self._heartbeats.ask(rank)
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            stack = answer()
            if stack is not None:
                return stack
            time.sleep(0.05)
        return None

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._main)
        return "" if frame is None else "".join(traceback.format_stack(frame))


def _knows_more(stall: Stall) -> bool:
    """Whether this host is to speak: it sees a late rank, or is the one that stands for all where every rank waits."""
    return bool(stall.late) or stall.speaker == 0
