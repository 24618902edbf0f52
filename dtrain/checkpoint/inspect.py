"""What a checkpoint, or any HDF5 file, holds: arrays, digests and texts, as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dtrain.checkpoint.digests import TEXT
from dtrain.checkpoint.errors import DamagedError
from dtrain.checkpoint.hdf5_reader import Contents, Entry
from dtrain.checkpoint.image import read_bytes
from dtrain.checkpoint.seal import SEAL_BYTES, check_seal, has_seal, read_label
from dtrain.checkpoint.table import Place, is_intact, read_table, read_value, read_values


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
    raises `DamagedError`; `force=True` opens it all the same, to learn which arrays are damaged. Raises
    `CheckpointError` when the file cannot be read.
    """
    data = read_bytes(path)
    problem, contents = _examined(data, str(path), force)
    if contents is None:
        from dtrain.checkpoint.isolated import describe_isolated

        contents = describe_isolated(data, str(path))
    sealed = has_seal(data) and problem is None
    return Description(Path(path), len(data), sealed, problem, read_label(data[:SEAL_BYTES]), *contents)


def _examined(data: bytes, source: str, force: bool) -> tuple[str | None, Contents | None]:
    """What is wrong with a sealed file, and what it holds; None for what libhdf5 alone can tell."""
    if not has_seal(data):
        return None, None
    contents = None
    try:
        seal = check_seal(data, source)
        if seal.version > 1:
            found = read_table(data, seal, source)
            contents = _listed(data, found)
            read_values(data, found, source)
    except DamagedError as error:
        if not force:
            raise
        return str(error), contents
    return None, contents


def _listed(data: bytes, found: list[Place]) -> Contents:
    intact = {place.path: is_intact(data, place) for place in found}
    entries = [_entry(place, intact[place.path]) for place in sorted(found)]
    texts = {place.path: _text(data, place) for place in found if place.kind == TEXT and intact[place.path]}
    return Contents(entries, {path: text for path, text in texts.items() if text is not None}, [])


def _text(data: bytes, place: Place) -> str | None:
    try:
        return str(read_value(data, place))
    except ValueError:  # no UTF-8, though its digest is right
        return None


def _entry(place: Place, intact: bool) -> Entry:
    if place.kind == TEXT:
        return Entry(place.path, (), TEXT, intact)
    return Entry(place.path, place.shape, str(np.dtype(place.kind)), intact)
