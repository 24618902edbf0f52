"""Where the files of models are written and read: paths, overwriting, what a file is by its first bytes."""

from __future__ import annotations

import errno
import os
from enum import Enum
from pathlib import Path

from dtrain.checkpoint.atomic import write_atomically
from dtrain.checkpoint.errors import DamagedError, from_os_error
from dtrain.distributed.console import is_main

PathLike = str | os.PathLike[str]

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_BLOCKS = 4  # HDF5 may begin at byte 0, 512, 1024, 2048, ...


class Kind(Enum):
    """What a file is, whatever its name says."""

    HDF5 = "an HDF5 file"
    ZIP = "a zip archive"
    JSON = "a JSON file"
    FOLDER = "a folder"


class MissingFileError(FileNotFoundError, ValueError):
    """Nothing lies at the path of a model or of weights. Keras calls this a `ValueError`."""


def may_write(path: PathLike, overwrite: bool, action: str) -> bool:
    """Whether this process is to write the file.

    All processes of a job write the same bytes, each whole or not at all, so that each can read the file right after.
    With `overwrite=False` rank 0 alone writes: to the others its file would be one that must not be overwritten.

    Raises:
        FileExistsError: on rank 0, when there is a file that must not be overwritten.
    """
    if overwrite:
        return True
    if is_main() and os.path.exists(path):
        raise FileExistsError(
            errno.EEXIST, f"{action}: the file exists. Pass overwrite=True, or choose another name", os.fspath(path)
        )
    return is_main()


def write_file(path: PathLike, *parts: bytes | memoryview) -> None:
    """Write a file whole or not at all, making its folder if need be."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error("write", path, error) from error
    write_atomically(path, *parts)


def kind_of(path: PathLike, action: str) -> Kind:
    """What lies at `path`.

    Raises:
        MissingFileError: when there is nothing.
        DamagedError: for something else than a file or folder of a model.
    """
    if not os.path.exists(path):
        raise MissingFileError(
            errno.ENOENT, f"{action}: no such file or folder (looked from {os.getcwd()})", os.fspath(path)
        )
    if os.path.isdir(path):
        return Kind.FOLDER
    start = read_start(path, 512 << _HDF5_BLOCKS)
    if start.startswith(b"PK"):
        return Kind.ZIP
    if any(start[at : at + 8] == _HDF5_SIGNATURE for at in (0, *(512 << k for k in range(_HDF5_BLOCKS)))):
        return Kind.HDF5
    if start.lstrip()[:1] == b"{":
        return Kind.JSON
    shown = f"it begins with {start[:8]!r}" if start else "it is empty"
    raise DamagedError(f"{action}: {os.fspath(path)} is neither HDF5 nor a .keras archive: {shown}")


def read_start(path: PathLike, count: int) -> bytes:
    """The first bytes of a file."""
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except OSError as error:
        raise from_os_error("read", path, error) from error
