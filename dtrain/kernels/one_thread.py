"""The kernels with one thread, for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import IMPLEMENTATION


@contextmanager
def one_thread_kernels() -> Iterator[None]:
    """Within the block, no kernel shares its rows among threads: the bits of sums over rows depend on their number."""
    if IMPLEMENTATION != "native":
        yield
        return
    from .native import _native

    before = _native.thread_limit()
    _native.limit_threads(1)
    try:
        yield
    finally:
        _native.limit_threads(before)
