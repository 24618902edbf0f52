"""Files from the network, kept in a folder and checked."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

_ALGORITHMS = {32: "md5", 64: "sha256"}  # by the length of the hash in hexadecimal digits


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is downloaded unless it lies in the cache already.

    Args:
        fname: its name in the cache; the last part of the address if None.
        origin: its address.
        untar: the file is a tar archive to unpack; see `extract`.
        md5_hash: old spelling of `file_hash`.
        file_hash: its MD5 or SHA-256 in hexadecimal digits; a file that does not match is downloaded again.
        cache_subdir: folder in the cache.
        hash_algorithm: "md5", "sha256" or "auto" (by the length of the hash).
        extract: unpack an archive and return the folder of its content.
        archive_format: accepted for Keras's sake: tar and zip are told apart by their content.
        cache_dir: the cache; `$KERAS_HOME`, else `~/.keras`, if None.
        force_download: download even if the file is there.

    Raises:
        ValueError: without an address, or when what was downloaded does not match the hash.
        OSError: when the download fails.
    """
    if origin is None:
        raise ValueError("get_file: expected an address. Received: origin=None")
    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or os.path.basename(name) != name:
        raise ValueError(
            f"get_file: expected a file name without folders. Received: fname={fname!r}, origin={origin!r}"
        )
    folder = Path(cache_dir or os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser() / cache_subdir
    known_hash = _known_hash(file_hash or md5_hash, hash_algorithm)
    unpack = extract or untar
    target = folder / (name if not unpack or "." in name else f"{name}_archive")
    if force_download:
        target.unlink(missing_ok=True)
    _fetch(origin, known_hash, target)
    if not unpack:
        return str(target)
    unpacked = folder / (f"{name.split('.')[0]}_extracted" if "." in name else name)
    _unpack(target, unpacked)
    return str(unpacked)


def _known_hash(value: str | None, algorithm: str) -> str | None:
    if value is None:
        return None
    kind = _ALGORITHMS.get(len(value), "sha256") if algorithm == "auto" else algorithm
    return f"{kind}:{value}"


def _fetch(origin: str, known_hash: str | None, target: Path) -> None:
    """Download through a temporary file, so that processes of one job can do it at the same time."""
    import pooch

    if target.exists() and known_hash is None:
        return
    pooch.retrieve(origin, known_hash=known_hash, fname=target.name, path=target.parent)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack beside the final place, then rename: a folder that is there is complete."""
    if folder.exists():
        return
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                tar.extractall(temporary, filter="data")
        elif zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as content:
                content.extractall(temporary)
        else:
            raise ValueError(f"get_file: expected a tar or zip archive. Received: {archive}")
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another process was faster
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
