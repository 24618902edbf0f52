"""One writer to a folder: a lock that ends with the process that holds it, over NFS too."""

from __future__ import annotations

import errno
import os
import socket
import threading
import warnings
import weakref
from contextlib import suppress
from pathlib import Path

from dtrain.checkpoint.errors import CheckpointError, CheckpointWarning, from_os_error

_NAME = ".lock"
_HELD_ELSEWHERE = {errno.EACCES, errno.EAGAIN}
_HOLDER_BYTES = 256

# POSIX locks do not see a second lock of the same process, and closing any descriptor of the file would drop the first:
# so folders that this process holds are kept here, by device and inode.
_held: set[tuple[int, int]] = set()
_held_guard = threading.Lock()


class FolderLock:
    """The right to write in a folder, held from construction to `release`, to the end of the process at the latest.

    `exclusive` is False where the file system has no locks; a warning has said so then. Raises `CheckpointError` when
    another job, or another writer of this process, holds the folder.
    """

    def __init__(self, folder: Path) -> None:
        key = _identify(folder)
        with _held_guard:
            if key in _held:
                raise CheckpointError(
                    f"{folder} is already being written by this process (pid {os.getpid()}). "
                    "Close the other writer, or give this one a folder of its own"
                )
            descriptor = _lock(folder)
            _held.add(key)
        self.exclusive = descriptor is not None
        self._release = weakref.finalize(self, _unlock, folder / _NAME, descriptor, key, os.getpid())

    @property
    def held(self) -> bool:
        """Whether the folder is still ours."""
        return self._release.alive

    def release(self) -> None:
        """Let others write in the folder; a second call does nothing."""
        self._release()


def _identify(folder: Path) -> tuple[int, int]:
    try:
        status = os.stat(folder)
    except OSError as error:
        raise from_os_error("open", folder, error) from error
    return status.st_dev, status.st_ino


def _lock(folder: Path) -> int | None:
    path = folder / _NAME
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise from_os_error("write", path, error) from error
        try:
            locked = _try_lock(descriptor, folder)
        except BaseException:
            os.close(descriptor)
            raise
        if not locked:
            os.close(descriptor)
            return None
        if _is_still(path, descriptor):
            with suppress(OSError):  # on a full disk the lock holds without a name
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)
            return descriptor
        os.close(descriptor)  # the former holder removed the file between our opening and our locking


def _try_lock(descriptor: int, folder: Path) -> bool:
    """Return whether the lock is ours; False, with a warning, where there are no locks; raise when another has it."""
    try:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_ELSEWHERE:
            holder = os.pread(descriptor, _HOLDER_BYTES, 0).decode(errors="replace") or "of unknown process"
            raise CheckpointError(
                f"{folder} is being written by another job: {holder}. "
                "Wait for it, stop it, or give this job a folder of its own"
            ) from None
        warnings.warn(
            f"{folder} is on a file system without locks ({error.strerror}): "
            "a second job that writes there would not be noticed",
            CheckpointWarning,
            stacklevel=5,
        )
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _unlock(path: Path, descriptor: int | None, key: tuple[int, int], pid: int) -> None:
    with _held_guard:
        _held.discard(key)
    if descriptor is None or os.getpid() != pid:  # a forked child inherits no lock
        return
    with suppress(OSError):
        os.unlink(path)  # while it is still ours
    os.close(descriptor)
