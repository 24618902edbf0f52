"""Files that are there whole or not at all, whatever happens to the process, the disk or the machine."""

from __future__ import annotations

import errno
import itertools
import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dtrain.checkpoint.errors import from_os_error
from dtrain.checkpoint.seal import Buffer

_serial = itertools.count()  # two threads of one process never share a temporary
_TEMPORARY = re.compile(r"(?P<name>.+)\.tmp\.(?P<host>.+)\.(?P<pid>\d+)\.\d+")
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP}


def write_atomically(path: str | os.PathLike[str], *parts: Buffer) -> None:
    """Write `parts`, one after the other, as the file at `path`, replacing what is there at once or not at all.

    The bytes go to `name.tmp.<host>.<pid>.<serial>` in the same folder and to the disk (fsync); then the file gets its
    name (rename) and the folder goes to the disk. A reader sees the old file or the new one. Raises `CheckpointError`
    with path, cause and remedy; the temporary is removed then, and the old file is as it was.
    """
    target = Path(os.path.realpath(path))  # of a symbolic link, the file that it points to is replaced
    temporary = target.with_name(f"{target.name}.tmp.{socket.gethostname()}.{os.getpid()}.{next(_serial)}")
    try:
        try:
            _write_synced(temporary, parts)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise from_os_error("write", path, error) from error


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def parse_temporary(name: str) -> tuple[str, str, int] | None:
    """Return (name of the file, host, pid) of the name of a temporary; None for any other name."""
    match = _TEMPORARY.fullmatch(name)
    return None if match is None else (match["name"], match["host"], int(match["pid"]))


def is_running(pid: int) -> bool:
    """Tell whether a process of this machine runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, and is someone else's
    return True


def _write_synced(path: Path, parts: Iterable[Buffer]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        for part in parts:
            rest = memoryview(part).cast("B")
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
