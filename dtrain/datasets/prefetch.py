"""Takes items from an iterator ahead of time, in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
_DEPTH = 2  # one item is waiting while the next is made


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _End:
    pass


def prefetched(items: Iterable[T], depth: int = _DEPTH) -> Iterator[T]:
    """Yield the items of `items`, up to `depth` of which are made ahead in a thread.

    An error in the thread is raised here, in the place of the item. The thread ends when all items have been taken, or
    when this generator is closed or forgotten.
    """
    ahead = _Ahead(items, depth)
    try:
        yield from ahead.taken()
    finally:
        ahead.stop()


class _Ahead(Generic[T]):
    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._queue: queue.Queue[T | _Failure | _End] = queue.Queue(depth)
        self._stopped = threading.Event()
        # A daemon: a process that fails must not wait for it.
        self._thread = threading.Thread(target=self._fill, args=(items,), name="dtrain-prefetch", daemon=True)
        self._thread.start()

    def taken(self) -> Iterator[T]:
        while not isinstance(item := self._queue.get(), _End):
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _fill(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as error:  # whatever it is, it belongs to the one who waits for the item
            self._put(_Failure(error))

    def _put(self, item: T | _Failure | _End) -> bool:
        """Wait for a place; False if nobody wants the item any more."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.05)
                return True
            except queue.Full:
                continue
        return False
