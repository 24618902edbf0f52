"""What happens to files of states between two jobs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dtrain.checkpoint.store import list_checkpoints

Change = Callable[[bytes], bytes]
_PAGE = 4096


def cut(share: float) -> Change:
    """Only so much of a file is left."""
    return lambda content: content[: int(share * len(content))]


def flipped(mark: bytes) -> Change:
    """One bit is another one in the middle of the last place that holds `mark`."""

    def change(content: bytes) -> bytes:
        place = content.rindex(mark) + len(mark) // 2
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return change


def flipped_at(share: float) -> Change:
    """One bit is another one, so far into the file."""

    def change(content: bytes) -> bytes:
        place = int(share * len(content))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return change


def zeroed_page(content: bytes) -> bytes:
    """A page in the middle is empty."""
    place = len(content) // 2 // _PAGE * _PAGE
    return content[:place] + bytes(_PAGE) + content[place + _PAGE :]


DAMAGES: dict[str, Change] = {
    "cut-to-nothing": cut(0.0),
    "cut-to-1-percent": cut(0.01),
    "cut-to-10-percent": cut(0.1),
    "cut-to-half": cut(0.5),
    "cut-by-a-byte": lambda content: content[:-1],
    "bit-in-the-seal": flipped_at(0.0),
    "bit-in-the-data": flipped_at(0.5),
    "bit-in-a-name": flipped(b"history"),
    "bit-in-a-digest": flipped(b"digests"),
    "bit-in-the-last-byte": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "page-of-zeros": zeroed_page,
    "another-file": lambda content: b"\x89HDF\r\n\x1a\n" + bytes(len(content)),
    "a-byte-more": lambda content: content + b"\0",
}


def damaged(change: Change, most: int = 1) -> Callable[[Path], None]:
    """Change so many of the newest states."""

    def act(folder: Path) -> None:
        for path in list_checkpoints(folder / "run" / "states")[-most:]:
            path.write_bytes(change(path.read_bytes()))

    return act


def replaced_by_folders(folder: Path) -> None:
    """Where states were, nothing can be read."""
    for path in list_checkpoints(folder / "run" / "states"):
        path.unlink()
        path.mkdir()


def newer(folder: Path) -> None:
    """The newest state has a format that a later version may write."""
    from dtrain.checkpoint.atomic import write_atomically
    from dtrain.checkpoint.image import encode, read

    newest = list_checkpoints(folder / "run" / "states")[-1]
    contents = read(newest)
    contents["format_version"] = contents["format_version"] + 1  # type: ignore[operator]
    write_atomically(newest, *encode(contents, "{}"))


def left_by_the_dead(folder: Path) -> None:
    """Temporary files of writers that are gone lie there, and the folder is reached by a link."""
    states = folder / "elsewhere"
    states.mkdir()
    (folder / "run").mkdir()
    (folder / "run" / "states").symlink_to(states, target_is_directory=True)
    host = os.uname().nodename
    (states / f"step-0000000002.h5.tmp.{host}.{2**22 - 1}.0").write_bytes(b"half a state")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Somebody holds locks on all files, as a file system does that is hostile to HDF5."""
    files = [open(path, "r+b") for path in list_checkpoints(folder / "run" / "states")]  # noqa: SIM115
    try:
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        for file in files:
            file.close()


def a_file_for_a_folder(folder: Path) -> None:
    """Where states are to lie there is a file."""
    (folder / "run").mkdir()
    (folder / "run" / "states").write_text("no folder")
