"""The `.keras` format of Keras 3: configuration, weights and assets in a zip archive or in a folder."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dtrain.checkpoint.errors import DamagedError, from_os_error
from dtrain.checkpoint.limits import allowed_bytes
from dtrain.distributed.console import is_main

from .files import PathLike, write_file
from .hdf5 import Hdf5, read_hdf5
from .same_object import mark_same_objects
from .serialization import serialize_keras_object
from .sharing import shared_objects
from .weights_file import encode_weights

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets"

_MEMBERS = {CONFIG, METADATA, WEIGHTS, ASSETS}
FORMAT_VERSION = "3.0.0"  # the first Keras that reads what is written here


@dataclass(slots=True)
class Archive:
    """What a `.keras` file holds; `keras_version` is that of its writer."""

    config: dict[str, Any]
    weights: Hdf5
    assets: dict[str, bytes] = field(default_factory=dict)
    keras_version: str = "3"


def write_archive(model: Any, path: PathLike, zipped: bool) -> None:
    """Write a model whole or not at all, as a zip archive or as a folder.

    Raises:
        CheckpointError: when it cannot be written.
        TypeError, NotImplementedError: for a part of the model that has no configuration.
    """
    members = _encode(model)
    if zipped:
        write_file(path, _zip(members))
    else:
        _write_folder(Path(path), members)


def _encode(model: Any) -> dict[str, bytes]:
    from .assets import collect_assets

    with shared_objects():
        config = mark_same_objects(serialize_keras_object(model))
    saved = time.strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": FORMAT_VERSION, "date_saved": saved, "writer": _writer()}
    members = {METADATA: json.dumps(metadata).encode(), CONFIG: json.dumps(config).encode()}
    members[WEIGHTS] = encode_weights(model) if model.built else _no_weights()
    members.update((f"{ASSETS}/{name}", data) for name, data in collect_assets(model).items())
    return members


def _writer() -> str:
    from dtrain import __version__

    return f"dtrain {__version__}"


def _no_weights() -> bytes:
    from .hdf5 import encode_hdf5

    return encode_hdf5(Hdf5())


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _write_folder(target: Path, members: dict[str, bytes]) -> None:
    """Write beside the old folder and take its place, so that a failure leaves the old one. Rank 0 alone does it."""
    if not is_main():
        return
    _check_replaceable(target)
    new, old = (target.with_name(f"{target.name}.{kind}.{os.getpid()}") for kind in ("new", "old"))
    try:
        for name, data in members.items():
            write_file(new / name, data)
        if target.exists():
            os.rename(target, old)
        os.rename(new, target)
    except OSError as error:
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise from_os_error("write", target, error) from error
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _check_replaceable(target: Path) -> None:
    """Only what is a model's folder and nothing else is replaced."""
    if not target.exists():
        return
    others = [p.name for p in target.iterdir() if p.name not in _MEMBERS] if target.is_dir() else [target.name]
    if others:
        raise FileExistsError(
            errno.EEXIST,
            f"save: expected a new folder, or one of a model alone. Found: {', '.join(others)}",
            str(target),
        )


def read_archive(path: PathLike) -> Archive:
    """Read a `.keras` file or folder.

    Raises:
        DamagedError: for what is none or is damaged, and for what only an attacker writes: paths that leave the
            archive, links, members that unpack to far more than they store, pickled weights.
    """
    source = Path(path)
    members = _read_folder(source) if source.is_dir() else _read_zip(source)
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            hint = ", but model.weights.npz, whose arrays are Python pickles" if "model.weights.npz" in members else ""
            raise DamagedError(f"{source} is no model of Keras: it holds no {name}{hint}")
    config, metadata = (_json(source, name, members.get(name, b"{}")) for name in (CONFIG, METADATA))
    weights = read_hdf5(members[WEIGHTS], f"{source}:{WEIGHTS}")
    prefix = ASSETS + "/"
    assets = {name.removeprefix(prefix): data for name, data in members.items() if name.startswith(prefix)}
    return Archive(config, weights, assets, str(metadata.get("keras_version", "3")))


def _read_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(path, entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, ArithmeticError, EOFError, LookupError, MemoryError, RuntimeError, ValueError,
            struct.error, zlib.error) as error:  # fmt: skip
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{path} is damaged or no .keras archive: {error}") from error
    except OSError as error:
        raise from_os_error("read", path, error) from error


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise DamagedError(f"{path} is refused: two of its members have one name")
    for entry in entries:
        parts = entry.filename.split("/")
        if entry.filename.startswith("/") or "\\" in entry.filename or ":" in parts[0] or ".." in parts:
            raise DamagedError(f"{path} is refused: its member {entry.filename!r} would lie outside of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DamagedError(f"{path} is refused: its member {entry.filename!r} is a link")
    declared = sum(entry.file_size for entry in entries)
    stored = min(sum(entry.compress_size for entry in entries), path.stat().st_size)  # members may overlap
    if declared > allowed_bytes(stored):
        raise DamagedError(f"{path} is refused: its members declare {declared:,} bytes and store {stored:,}")


def _read_folder(path: Path) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        for file in sorted(path.rglob("*")):
            if file.is_symlink():
                raise DamagedError(f"{path} is refused: {file.name!r} in it is a link")
            if file.is_file():
                members[file.relative_to(path).as_posix()] = file.read_bytes()
    except OSError as error:
        raise from_os_error("read", path, error) from error
    return members


def _json(source: Path, name: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{source}: {name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise DamagedError(f"{source}: {name} holds {type(value).__name__}, expected an object")
    return value
