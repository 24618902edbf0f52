"""Writes down when the phases, steps and instructions of this process ran, in little time; read once all is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import get_ident
from time import perf_counter_ns
from typing import Any

from dtrain.timeline.phases import unwatch, watch, watch_rare
from dtrain.timeline.runs import listen
from dtrain.timeline.spans import Span, spans

SHARE = 0.02
"""Of the time of steps, what recording may take."""
BURST = 16  # steps: to begin takes as long as to record three of them
_MARK_NS, _TIME_NS = 800, 400
"""Twice what was measured, in steps of 70 us at 2 to 3 GHz, of a mark of a phase and of the time of an instruction."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is to be recorded.

    Attributes:
        first: steps made before, all calls of `fit` counted together; 0: from the start on, what is no step included.
        stop: number of the first step that is not recorded; None: go on while there is room.
        thin: whether to record one of 2, 4, 8, ... runs of `BURST` steps only where more would take longer than
            `SHARE`: the same ones on all processes. What is no step is always recorded.
        limit: of marks, two for each phase and about one for each instruction: recording ends when there are more.
    """

    first: int = 0
    stop: int | None = None
    thin: bool = False
    limit: int = 200_000


class Recorder:
    """A watcher of this process.

    Marks of a thread lie one behind the other in a flat list, each what it is and then its time: the name of a phase
    that begins, None for the end of one, a tuple for a step, or a list of instructions with a list of times. Nothing
    is looked up, counted or put into an object of its own before `threads` is called.

    Args:
        window: what to record.
        ended: called when the last step of the window is over, where all processes are at the same step.
    """

    __slots__ = (
        "_append", "_begun", "_ended", "_last", "_main", "_marks", "_names", "_others", "_sleeper", "_times", "_window",
        "every", "full", "steps", "stopped",
    )  # fmt: skip

    def __init__(self, window: Window, ended: Callable[[], None]) -> None:
        self.full = False
        self.steps = 0
        """How many steps were recorded."""
        self.every = 1
        """One run of steps of so many is recorded."""
        self.stopped = 0
        """When, in ns."""
        self._window = window
        self._ended = ended
        self._begun = window.first
        self._last: tuple[int, int, int] | None = None  # when the last run of steps began, and the marks then
        self._sleeper: _Sleeper | None = None
        self._main = get_ident()
        self._marks: list[Any] = []
        self._times = 0
        self._append = self._marks.append
        self._others: dict[int, list[Any]] = {}
        self._names = {self._main: "training"}

    def start(self) -> None:
        """Watch from the first step of the window on."""
        if self._window.first:
            watch_rare(_Waiting(self._window.first, self._begin))
        else:
            self.wake(0)

    def _begin(self, epoch: int, step: int) -> None:
        self.wake(self._window.first)
        self.begin_step(epoch, step)

    def stop(self) -> None:
        """Watch no longer."""
        if not self.stopped:
            self._rest()
            self.stopped = perf_counter_ns()

    def wake(self, begun: int) -> None:
        """Hear of everything, after so many steps."""
        if not self.stopped:
            self._rest()
            self._begun = begun
            watch(self)
            listen(self.ran)

    def _rest(self) -> None:
        unwatch(self._sleeper or self)
        self._sleeper = None
        listen(None)

    def _sleep(self, number: int) -> None:
        """Hear of nothing but steps and what is rare, up to the next step that is recorded."""
        run = BURST * self.every
        self._rest()
        self._sleeper = _Sleeper(self, number, number + run - number % run)
        watch_rare(self._sleeper)

    # -- what happens ---------------------------------------------------------------------------------------------

    def begin_step(self, epoch: int, step: int) -> None:
        now = perf_counter_ns()
        number = self._begun
        if number == self._window.stop:
            self.stop()
            self._ended()
            return
        self._begun = number + 1
        if self._window.thin:
            first = number % BURST == 0
            if first and self._last is not None:
                self._weigh(now)
            if number // BURST % self.every:
                self._sleep(number)
                return
            if first:
                self._last = now, len(self._marks), self._times
        self.steps += 1
        self._append((epoch, step))
        self._append(now)

    def _weigh(self, now: int) -> None:
        """See what recording the last run of steps has cost, and whether to record fewer of the next ones."""
        assert self._last is not None  # noqa: S101 - so was asked
        begun, marks, times = self._last
        self._last = None
        cost = (len(self._marks) - marks) // 2 * _MARK_NS + (self._times - times) * _TIME_NS
        while cost > SHARE * self.every * (now - begun):
            self.every *= 2

    def enter(self, phase: str) -> None:
        if get_ident() == self._main:
            self._append(phase)
            self._append(perf_counter_ns())
        else:
            self._elsewhere(phase)

    def leave(self, phase: str) -> None:
        if get_ident() == self._main:
            self._append(None)
            self._append(perf_counter_ns())
            if len(self._marks) > self._window.limit:
                self._give_up()
        else:
            self._elsewhere(None)

    def ran(self, nodes: Sequence[Any], times: Sequence[int]) -> None:
        """Instructions have run: the listener of `dtrain.timeline.runs`."""
        if get_ident() == self._main:
            self._append(nodes)
            self._append(times)
            self._times += len(times)
            if self._times + len(self._marks) > self._window.limit:
                self._give_up()

    def _elsewhere(self, mark: str | None) -> None:
        """A mark of another thread."""
        ident = get_ident()
        if ident not in self._others:
            self._others[ident] = []
            self._names[ident] = threading.current_thread().name
        if len(self._others[ident]) < self._window.limit:
            self._others[ident] += [mark, perf_counter_ns()]

    def _give_up(self) -> None:
        self.full = True
        self.stop()
        if self._window.stop is not None:  # others may still have room, and meet this process there
            watch_rare(_Waiting(self._window.stop - self._begun, lambda epoch, step: self._ended()))

    # -- once it is over ------------------------------------------------------------------------------------------

    def threads(self) -> Iterator[tuple[str, list[Span]]]:
        """Name and spans of each thread; those that contain others may come after them."""
        end = self.stopped or perf_counter_ns()
        for ident, marks in [(self._main, self._marks), *self._others.items()]:
            yield self._names[ident], list(spans(marks, end))


class _Waiting:
    """Watches until a number of steps were made, then calls a function as the next one begins."""

    def __init__(self, steps: int, then: Callable[[int, int], None]) -> None:
        self._left = steps
        self._then = then

    def begin_step(self, epoch: int, step: int) -> None:
        if not self._left:
            unwatch(self)
            self._then(epoch, step)
        self._left -= 1

    def enter(self, phase: str) -> None:
        """Not yet of interest."""

    def leave(self, phase: str) -> None:
        """Not yet of interest."""


class _Sleeper:
    """Watches in place of a recorder that lets steps pass, and wakes it in time or when something rare happens.

    Args:
        recorder: that sleeps.
        number: of the present step.
        until: number of the step at which it is to be awake.
    """

    def __init__(self, recorder: Recorder, number: int, until: int) -> None:
        self._recorder = recorder
        self._thread = get_ident()
        self._until = until
        self._left = until - number

    def begin_step(self, epoch: int, step: int) -> None:
        self._left -= 1
        if not self._left:
            self._recorder.wake(self._until)
            self._recorder.begin_step(epoch, step)

    def enter(self, phase: str) -> None:
        if get_ident() == self._thread:
            self._recorder.wake(self._until - self._left + 1)
        self._recorder.enter(phase)

    def leave(self, phase: str) -> None:
        self._recorder.leave(phase)
