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


def watch(watcher: Watcher) -> None:
    """Tell `watcher` of everything from now on."""
    global _watchers
    _watchers = (*_watchers, watcher)  # never changed in place: other threads may be going through it


def unwatch(watcher: Watcher) -> None:
    """Tell `watcher` nothing more."""
    global _watchers
    _watchers = tuple(other for other in _watchers if other is not watcher)


def begin_step(epoch: int, step: int) -> None:
    """Tell all watchers that a training step begins."""
    for watcher in _watchers:
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
VALIDATION = Phase("validation")
CALLBACKS = Phase("callbacks")
CHECKPOINT = Phase("checkpoint")
WRITE = Phase("write")
"""The writing of a checkpoint, in a thread of its own while training goes on."""
