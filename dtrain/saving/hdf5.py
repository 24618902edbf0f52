"""HDF5 as plain dictionaries: images built in memory from arrays and texts, and the reading of strangers' files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.limits import allowed_bytes
from dtrain.checkpoint.safety import walk

from .own_files import OwnFiles

if TYPE_CHECKING:
    import h5py

    from dtrain.graph import Array

Text = str | Sequence[str]

_ATTRIBUTE_BYTES = 64512  # what an object header of HDF5 holds
_serial = itertools.count()
_own = OwnFiles()


@dataclass(slots=True)
class Hdf5:
    """A file's arrays by path, and the texts in the attributes of its groups: `attributes[path][name]`."""

    arrays: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, dict[str, Text]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def text(self, path: str, name: str) -> str | None:
        """The text `name` of a group; None if there is none."""
        value = self.attributes.get(path, {}).get(name)
        return value if isinstance(value, str) else None

    def texts(self, path: str, name: str) -> list[str] | None:
        """The list of texts `name` of a group, also one split into `name0`, `name1`, ...; None if there is none."""
        found = self.attributes.get(path, {})
        if name in found:
            return list(found[name])
        parts: list[str] = []
        number = 0
        while f"{name}{number}" in found:
            parts.extend(found[f"{name}{number}"])
            number += 1
        return parts if number else None


def encode_hdf5(content: Hdf5) -> bytes:
    """The bytes of a plain HDF5 file; equal contents give equal bytes."""
    import h5py

    # HDF5 knows open files by name, those in memory too: another thread may be building one now.
    with h5py.File(f"model {next(_serial)}", "w", driver="core", backing_store=False, libver="earliest") as file:
        for path, texts in content.attributes.items():
            group = file.require_group(path or "/")
            for name, value in _split(texts):
                if isinstance(value, str):
                    group.attrs.create(name, value, dtype=h5py.string_dtype())
                else:
                    group.attrs.create(name, np.array(value, dtype=object), (len(value),), h5py.string_dtype())
        for path, array in content.arrays.items():
            file.create_dataset(path, data=array, track_times=False)
        file.flush()
        return _own.remember(bytes(file.id.get_file_image()))


def read_hdf5(source: str | os.PathLike[str] | bytes, label: str) -> Hdf5:
    """All arrays and texts of an HDF5 file, given by its path or its bytes; `label` names it in errors.

    libhdf5 crashes, or never ends, on some files that are damaged or made to do so. So a process of its own reads all
    but those that this process has written itself.

    Raises:
        DamagedError: for a file that is no HDF5 or is damaged, and for what only an attacker writes: links to other
            places or files, external and virtual data, data that declare far more bytes than they store.
    """
    place = source if isinstance(source, bytes) else os.fspath(source)
    if not _own.knows(place):
        from dtrain.checkpoint.isolation import ask

        found = ask("dtrain.saving.isolated_reader", place, label)
        if found is not None:
            return Hdf5(found.arrays, found.rest)
    return read_directly(place, label)


def read_directly(source: str | bytes, label: str) -> Hdf5:
    """`read_hdf5` in this process."""
    import h5py

    try:
        handle = h5py.h5f.open_file_image(source) if isinstance(source, bytes) else source
        with h5py.File(handle, "r") as file:
            return _read(file, len(source) if isinstance(source, bytes) else os.path.getsize(source))
    except CheckpointError as error:
        raise type(error)(f"{label} is refused: {error}") from None
    except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise DamagedError(f"{label} is damaged or no HDF5 file: {error}") from error


def _read(file: h5py.File, file_bytes: int) -> Hdf5:
    datasets = dict(walk(file))
    _check_sizes(datasets, file_bytes)
    groups = {"": file}
    file.visititems(lambda name, item: groups.update({name: item}) if not hasattr(item, "dtype") else None)
    attributes: dict[str, dict[str, Text]] = {}
    left = allowed_bytes(file_bytes)
    for path, group in groups.items():
        if texts := _texts(group):
            attributes[path] = texts
            left -= sum(
                len(text) for value in texts.values() for text in ((value,) if isinstance(value, str) else value)
            )
            if left < 0:
                raise DamagedError(f"its texts take far more than its {file_bytes:,} bytes")
    return Hdf5({p: array for p, dataset in datasets.items() if (array := _array(dataset)) is not None}, attributes)


def _check_sizes(datasets: Mapping[str, h5py.Dataset], file_bytes: int) -> None:
    declared = 0
    for path, dataset in datasets.items():
        if dataset.external or dataset.is_virtual:
            raise DamagedError(f"{path!r} keeps its values in another file; such data are not read")
        declared += dataset.nbytes if dataset.shape is not None else 0
    if declared > allowed_bytes(file_bytes):
        raise DamagedError(f"it declares {declared:,} bytes of data in a file of {file_bytes:,}")


def _array(dataset: h5py.Dataset) -> Array | None:
    """The values as numbers in this machine's byte order; None for what is no array of numbers."""
    if dataset.shape is None:
        return None
    if dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2 and dataset.attrs.get("dtype") == "bfloat16":
        upper: Array = dataset[()].view(np.uint16)
        return (upper.astype(np.uint32) << 16).view(np.float32)
    if dataset.dtype.kind not in "biuf":
        return None
    array = np.empty(dataset.shape, dataset.dtype)
    if array.size:
        dataset.read_direct(array)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _texts(group: h5py.Group) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for name, value in group.attrs.items():
        if isinstance(value, (str, bytes)):
            found[name] = _decoded(value)
        elif isinstance(value, np.integer):
            found[name] = str(value)
        elif isinstance(value, np.ndarray) and value.ndim == 1 and (value.dtype.kind in "OSU" or not value.size):
            found[name] = [_decoded(item) for item in value]
    return found


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _split(texts: Mapping[str, Text]) -> list[tuple[str, Text]]:
    """The attributes as they fit into object headers: long lists in parts, as Keras cuts them."""
    result: list[tuple[str, Text]] = []
    for name, value in texts.items():
        if isinstance(value, str):
            result.append((name, value))
            continue
        longest = max((len(item.encode()) for item in value), default=1)
        size = max(1, _ATTRIBUTE_BYTES // max(longest, 16))
        if len(value) <= size:
            result.append((name, value))
        else:
            starts = range(0, len(value), size)
            result.extend((f"{name}{number}", value[start : start + size]) for number, start in enumerate(starts))
    return result
