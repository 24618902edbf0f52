"""The phases of training, entered and left by the code that does the work; watchers hear of each.

```
with REDUCE:
    ...        # every watcher: enter("reduce"), then leave("reduce")
```

Phases nest: what waits within a reduction is `WAIT` within `REDUCE`. With nobody watching, a phase costs some 0.2 us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watcher(Protocol):
    """Somebody who is told what this process does. Calls come from the thread that does it and must be short."""

    def begin_step(self, epoch: int, step: int) -> None:
        """A training step begins: both count from 0, `step` within the epoch."""

    def enter(self, phase: str) -> None:
        """A phase begins."""

    def leave(self, phase: str) -> None:
        """The phase entered last in this thread ends, by an error too."""


_watchers: tuple[Watcher, ...] = ()
_rare_watchers: tuple[Watcher, ...] = ()
_all_watchers: tuple[Watcher, ...] = ()


def watch(watcher: Watcher, first: bool = False) -> None:
    """Tell `watcher` of everything from now on, after those who watch already, or before them."""
    global _watchers
    # Never changed in place: other threads may be going through it.
    _watchers = (watcher, *_watchers) if first else (*_watchers, watcher)
    _join()


def watch_rare(watcher: Watcher) -> None:
    """Tell `watcher` of steps and of rare phases only: the others then cost nothing."""
    global _rare_watchers
    _rare_watchers = (*_rare_watchers, watcher)
    _join()


def unwatch(watcher: Watcher) -> None:
    """Tell `watcher` nothing more."""
    global _watchers, _rare_watchers
    _watchers = tuple(other for other in _watchers if other is not watcher)
    _rare_watchers = tuple(other for other in _rare_watchers if other is not watcher)
    _join()


def _join() -> None:
    global _all_watchers
    _all_watchers = (*_watchers, *_rare_watchers)


def begin_step(epoch: int, step: int) -> None:
    """Tell all watchers that a training step begins."""
    for watcher in _all_watchers:
        watcher.begin_step(epoch, step)


class Phase:
    """A kind of work, by name; a context manager that may be entered any number of times, in any thread."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        for watcher in _watchers:
            watcher.enter(self.name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for watcher in _watchers:
            watcher.leave(self.name)


class RarePhase(Phase):
    """One that most steps do not have."""

    __slots__ = ()

    def __enter__(self) -> None:
        for watcher in _all_watchers:
            watcher.enter(self.name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for watcher in _all_watchers:
            watcher.leave(self.name)


def each_within(phase: Phase, items: Iterable[T]) -> Iterator[T]:
    """Give the items, of which each is made within `phase`."""
    source = iter(items)
    while True:
        with phase:
            try:
                item = next(source)
            except StopIteration:
                return
        yield item


DATA = Phase("data")
COMPUTE = Phase("compute")
REDUCE = Phase("reduce")
WAIT = Phase("wait")
UPDATE = Phase("update")
METRICS = Phase("metrics")
VALIDATION = RarePhase("validation")
CALLBACKS = Phase("callbacks")
EPOCH_END = RarePhase("epoch_end")
CHECKPOINT = RarePhase("checkpoint")
WRITE = RarePhase("write")
"""The writing of a checkpoint, in a thread of its own while training goes on."""
