"""Checkpoints by libhdf5, which crashes on some files that are made to do so: for a process of its own.

These are the ones with a seal of version 1, and those that other tools have rewritten; and it says what any other HDF5
file holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.digests import DIGESTS, check_digests, digest, parse_digests
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.safety import check_plain, walk

if TYPE_CHECKING:
    import h5py

Array: TypeAlias = NDArray[Any]
Flat: TypeAlias = dict[str, Array | str]


class Entry(NamedTuple):
    """One array: its path, shape and type; `digest_ok` is None where the file lists no digest for it."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    digest_ok: bool | None


class Contents(NamedTuple):
    """What an HDF5 file holds: its arrays by path, its whole texts, and the listed paths that are not there."""

    entries: list[Entry]
    texts: dict[str, str]
    missing: list[str]


def read_directly(data: bytes, source: str) -> Flat:
    """Return the values of a checkpoint, all of which agree with its list of digests; else raises `DamagedError`."""
    flat: Flat = {}
    with _opened(data, source) as file:
        for path, dataset in walk(file):
            check_plain(path, dataset, len(data))
            flat[path] = _read(dataset)
    return check_digests(flat, source)


def describe_directly(data: bytes, source: str) -> Contents:
    """Return what a file holds. No values are read but those that a list of digests covers."""
    with _opened(data, source) as file:
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
    texts = {name: value for name, value in values.items() if isinstance(value, str) and intact[name]}
    return Contents(entries, texts, [name for name in listed if name not in datasets])


@contextmanager
def _opened(data: bytes, source: str) -> Iterator[h5py.File]:
    """Open the bytes of an HDF5 file for reading; whatever h5py finds wrong in the block is a `DamagedError`."""
    import h5py

    try:
        with h5py.File(h5py.h5f.open_file_image(data)) as file:
            yield file
    except CheckpointError as error:
        raise type(error)(f"{source} is refused: {error}") from error
    except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise DamagedError(f"{source} is damaged or no HDF5 file: {error}") from error


def _read(dataset: h5py.Dataset) -> Array | str:
    """Return a dataset that `check_plain` let through, as an array of this machine's byte order, or a string."""
    array = np.empty(dataset.shape, dataset.dtype)
    if array.size:
        dataset.read_direct(array)
    if array.dtype.kind == "S":
        return bytes(array[()]).decode()
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _value(path: str, dataset: h5py.Dataset, file_bytes: int) -> Array | str | None:
    """Return the values of a dataset; None when they cannot be read safely."""
    try:
        check_plain(path, dataset, file_bytes)
        return _read(dataset)
    except (CheckpointError, OSError, ValueError):
        return None


def _dtype(dataset: h5py.Dataset) -> str:
    return "text" if dataset.dtype.kind == "S" else str(dataset.dtype)
