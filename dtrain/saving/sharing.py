"""Objects that occur more than once in a configuration come back as one object."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Open(threading.local):
    def __init__(self) -> None:
        self.written: dict[int, tuple[Any, dict[str, Any]]] | None = None
        self.read: dict[Any, Any] | None = None


_open = _Open()


@contextmanager
def shared_objects() -> Iterator[None]:
    """Within the block, an object written twice carries a `shared_object_id`, and an id read twice gives one object."""
    outer = _open.written, _open.read
    _open.written, _open.read = {}, {}
    try:
        yield
    finally:
        _open.written, _open.read = outer


def mark_if_shared(obj: Any, config: dict[str, Any]) -> None:
    """Note that `obj` was written as `config`; from the second time on, both entries carry its id."""
    if _open.written is None:
        return
    if id(obj) in _open.written:
        config["shared_object_id"] = _open.written[id(obj)][1]["shared_object_id"] = id(obj)
    else:
        _open.written[id(obj)] = (obj, config)  # the object is kept alive, so that its id stays its own


def find_shared(key: Any) -> Any:
    """The object that was already read under this id, or None."""
    return _open.read.get(key) if _open.read is not None else None


def remember_shared(key: Any, obj: Any) -> None:
    if _open.read is not None and key is not None:
        _open.read[key] = obj
