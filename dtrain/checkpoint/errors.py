"""What can go wrong with a checkpoint, as exceptions whose text says what happened and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_ADVICE = {
    errno.ENOSPC: "Free space on this file system, or save to another one.",
    errno.EDQUOT: "Your quota is used up: delete files, or save elsewhere.",
    errno.EFBIG: "A limit on file sizes is set (see `ulimit -f`): raise it, or save elsewhere.",
    errno.EROFS: "The file system is read-only: save to a writable one.",
    errno.EACCES: "Check the owner and the mode of the file and of its folder (`ls -ld`).",
    errno.EPERM: "Check the owner and the mode of the file and of its folder (`ls -ld`).",
    errno.ENOENT: "The file or its folder is not there (any more): check the path and whether another job removed it.",
    errno.ENOTDIR: "A part of the path is a file, not a folder: choose another path.",
    errno.EISDIR: "The path is a folder: give the path of a file.",
    errno.ENAMETOOLONG: "Choose a shorter path.",
    errno.EIO: "The device failed: check the disk or the network file system (`dmesg`).",
    errno.ESTALE: "The network file system lost the file: check its server, then mount it again.",
}


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read."""


class DamagedError(CheckpointError):
    """The bytes of a file are not those of a whole dtrain checkpoint: torn, altered, or written by something else."""


class NewerFormatError(CheckpointError):
    """The file was written by a later version of dtrain, in a format that this one does not know."""


class CheckpointWarning(UserWarning):
    """Something about a checkpoint that the user should know, though the work goes on."""


def from_os_error(action: str, path: str | os.PathLike[str], error: OSError) -> CheckpointError:
    """Turn an error of the operating system into one that names the action, the path, the cause and the remedy."""
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    advice = _ADVICE.get(error.errno or 0, "Check the path and the file system.")
    return CheckpointError(f"Cannot {action} {Path(path)}: {error.strerror or error} ({code}). {advice}")
