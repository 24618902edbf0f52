"""Whether files may bring Python code."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Mode(threading.local):
    def __init__(self) -> None:
        self.safe: bool | None = None


_mode = _Mode()


@contextmanager
def safe_mode_scope(safe_mode: bool | None) -> Iterator[None]:
    """Within the block, reading uses this mode whatever its own `safe_mode` argument says (None: the argument's)."""
    outer, _mode.safe = _mode.safe, safe_mode
    try:
        yield
    finally:
        _mode.safe = outer


def in_safe_mode() -> bool | None:
    """The mode that the innermost `safe_mode_scope` demands; None outside of one."""
    return _mode.safe


def enable_unsafe_deserialization() -> None:
    """Let files bring Python code (lambdas) from now on. Only for files whose author you trust."""
    _mode.safe = False
