"""Folders in which data sets are looked for, and files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

_FREE_BYTES = 1 << 28  # a file may unpack to so much, and
_EXPANSION = 100  # so many times its own size: MNIST unpacks to 5 times its size, texts to 20 times


def cache_folder() -> Path:
    """Return the folder for downloads: `$DTRAIN_CACHE_DIR`, else `$XDG_CACHE_HOME/dtrain`, else `~/.cache/dtrain`."""
    if own := os.environ.get("DTRAIN_CACHE_DIR"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dtrain"


def search_folders(name: str) -> list[Path]:
    """Return where data set `name` is looked for: `$DTRAIN_DATA_DIR/name`, `$DTRAIN_DATA_DIR`, the cache's `name`."""
    folders = [cache_folder() / name]
    if data := os.environ.get("DTRAIN_DATA_DIR"):
        folders[:0] = [Path(data).expanduser() / name, Path(data).expanduser()]
    return folders


def keras_folder() -> Path:
    """Return where Keras keeps its downloads: `datasets` in `$KERAS_HOME`, else in `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def check_unpacked(path: str | os.PathLike[str], unpacked: int) -> None:
    """Refuse a compressed file whose content is far larger than images, numbers and texts can be compressed.

    Args:
        unpacked: bytes that it declares, or that came out of it so far.

    Raises:
        ValueError: for a file of that kind.
    """
    stored = os.path.getsize(path)
    if unpacked > _FREE_BYTES + _EXPANSION * stored:
        raise ValueError(
            f"{os.fspath(path)}: expected data. Found: {stored:,} bytes that unpack to {unpacked:,} or more"
        )


def write_whole(path: str | os.PathLike[str], *parts: bytes) -> None:
    """Write a file through a temporary one beside it: readers and other writers see the old file or the new one.

    Raises:
        OSError: the file cannot be written; the temporary one is removed.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
