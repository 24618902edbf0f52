"""What a checkpoint, or any HDF5 file, holds: arrays, digests and texts, as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dtrain.checkpoint.digests import DIGESTS, digest, parse_digests
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.image import Array, open_image, read_bytes, read_value
from dtrain.checkpoint.safety import check_plain, walk
from dtrain.checkpoint.seal import SEAL_BYTES, check_seal, has_seal, read_label

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True, slots=True)
class Entry:
    """One array: its path, shape and type; `digest_ok` is None where the file lists no digest for it."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    digest_ok: bool | None


@dataclass(frozen=True, slots=True)
class Description:
    """The contents of a file.

    Attributes:
        path: the file.
        file_bytes: its length.
        sealed: whether it bears the seal of dtrain, and the seal is whole.
        problem: what is wrong with the seal; None for a whole one and for a file without.
        label: the short text of the seal (step and metric, as JSON).
        entries: its arrays, sorted by path.
        texts: path → text, for those that are whole (configurations, progress, versions; all JSON).
        missing: paths that the list of digests names and the file lacks.
    """

    path: Path
    file_bytes: int
    sealed: bool
    problem: str | None
    label: str
    entries: list[Entry]
    texts: dict[str, str]
    missing: list[str]


def describe(path: str | os.PathLike[str], *, force: bool = False) -> Description:
    """Return what the HDF5 file at `path` holds: a checkpoint, weights of Keras, or any other.

    Links are not followed, and no values are read but those that a list of digests covers. A file whose seal is broken
    raises `DamagedError`; `force=True` opens it all the same, to learn which arrays are damaged: that may crash the
    process, so do it in a process of its own.
    """
    data = read_bytes(path)
    problem = _seal_problem(data, str(path), force)
    with open_image(data, str(path)) as file:
        datasets = dict(walk(file))
        lister = datasets.get(DIGESTS)
        listed = parse_digests(lister and _value(DIGESTS, lister, len(data))) or {}
        values = {name: _value(name, datasets[name], len(data)) for name in listed if name in datasets}
        intact = {name: value is not None and digest(value) == listed[name] for name, value in values.items()}
        entries = [
            Entry(name, dataset.shape or (), _dtype(dataset), intact.get(name))
            for name, dataset in sorted(datasets.items())
            if name != DIGESTS
        ]
    return Description(
        path=Path(path),
        file_bytes=len(data),
        sealed=has_seal(data) and problem is None,
        problem=problem,
        label=read_label(data[:SEAL_BYTES]),
        entries=entries,
        texts={name: value for name, value in values.items() if isinstance(value, str) and intact[name]},
        missing=[name for name in listed if name not in datasets],
    )


def _seal_problem(data: bytes, source: str, force: bool) -> str | None:
    try:
        if has_seal(data):
            check_seal(data, source)
    except DamagedError as error:
        if not force:
            raise
        return str(error)
    return None


def _value(path: str, dataset: h5py.Dataset, file_bytes: int) -> Array | str | None:
    """Return the values of a dataset; None when they cannot be read safely."""
    try:
        check_plain(path, dataset, file_bytes)
        return read_value(dataset)
    except (CheckpointError, OSError, ValueError):
        return None


def _dtype(dataset: h5py.Dataset) -> str:
    return "text" if dataset.dtype.kind == "S" else str(dataset.dtype)
