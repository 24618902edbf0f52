"""Faults in the files of checkpoints: errors while they are written, and damage once they are.

The functions of the operating system are replaced, for the thread that writes and while it does: the code that writes
has no special places for faults.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from dtrain.timeline.phases import watch

Reach = Callable[[str, str], None]
_ERRORS = {"diskfull": errno.ENOSPC, "quota": errno.EDQUOT, "ioerror": errno.EIO, "readonly": errno.EROFS}
_TEMPORARY = ".tmp."
_HEAD_BYTES = 512  # a checkpoint begins with a short piece; the half that matters is that of what follows


def refuse(kind: str, path: str) -> NoReturn:
    """Raise the error that the operating system gives for this kind of fault."""
    number = _ERRORS[kind]
    raise OSError(number, os.strerror(number), path or None)


def damage(kind: str, path: str) -> None:
    """Cut a file in two, or change one bit in the middle of it."""
    middle = os.stat(path).st_size // 2
    if kind == "truncate":
        os.truncate(path, middle)
        return
    with open(path, "r+b") as file:
        file.seek(middle)
        byte = file.read(1)[0]
        file.seek(middle)
        file.write(bytes([byte ^ 0x10]))


def watch_writing(reach: Reach) -> None:
    """From now on call `reach(point, path)` at each moment of the writing of a checkpoint."""
    writing = _Writing()
    watch(writing)
    _replace_functions(reach, writing)


class _Writing(threading.local):
    """Whether this thread is writing a checkpoint; a watcher of phases."""

    depth = 0
    path = ""

    def begin_step(self, epoch: int, step: int) -> None:
        """Steps make no difference."""

    def enter(self, phase: str) -> None:
        self.depth += phase == "write"

    def leave(self, phase: str) -> None:
        self.depth -= phase == "write"


def _replace_functions(reach: Reach, writing: _Writing) -> None:
    real_open, real_write, real_fsync, real_replace, real_unlink = os.open, os.write, os.fsync, os.replace, os.unlink

    def open_(path: Any, *rest: Any, **more: Any) -> int:
        if writing.depth and _TEMPORARY in str(path):
            reach("open", str(path))
            writing.path = str(path)
        return real_open(path, *rest, **more)

    def write(descriptor: int, data: Any) -> int:
        if not writing.path or len(data) <= _HEAD_BYTES:
            return real_write(descriptor, data)
        path, writing.path = writing.path, ""  # the rest is written as ever
        half = real_write(descriptor, data[: len(data) // 2])
        reach("half", path)
        return half

    def fsync(descriptor: Any) -> None:
        if writing.depth:
            reach("fsync", "")
        real_fsync(descriptor)

    def replace(source: Any, target: Any, **more: Any) -> None:
        if not writing.depth:
            real_replace(source, target, **more)
            return
        reach("rename", str(source))
        real_replace(source, target, **more)
        reach("renamed", str(target))

    def unlink(path: Any, **more: Any) -> None:
        removes = writing.depth and _TEMPORARY not in str(path)
        if removes:
            reach("remove", str(path))
        real_unlink(path, **more)
        if removes:
            reach("removed", str(path))

    for name, function in (
        ("open", open_), ("write", write), ("fsync", fsync), ("replace", replace), ("unlink", unlink),
    ):  # fmt: skip
        setattr(os, name, function)
