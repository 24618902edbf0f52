"""A dictionary of arrays and strings as one sealed HDF5 image: built in memory, proven before it is read.

h5py kills the process (SIGSEGV) when the disk fills up under an open file, so the file is made in memory and its bytes
are then written like any others. Equal contents give equal bytes: no time stamps, and the order is the dictionary's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.digests import DIGESTS, check_digests, list_digests
from dtrain.checkpoint.errors import CheckpointError, DamagedError, from_os_error
from dtrain.checkpoint.safety import check_plain, walk
from dtrain.checkpoint.seal import SEAL_BYTES, check_seal, make_seal

if TYPE_CHECKING:
    import os

    import h5py

Array: TypeAlias = NDArray[Any]
Value: TypeAlias = Array | np.generic | float | str
Contents: TypeAlias = "Mapping[str, Contents | Value]"
Flat: TypeAlias = dict[str, Array | str]

_serial = itertools.count()
_ARRAY_KINDS = "biuf"
_WORD_BYTES = 8


def encode(contents: Contents, label: str = "") -> tuple[bytes, bytes]:
    """Return the seal and the HDF5 image of `contents`: a file is the one followed by the other.

    Keys are paths (`"weights/dense/kernel"`), nested dictionaries are more of the path. Values are arrays of booleans,
    integers or floats, Python and NumPy scalars (read back as arrays of no dimensions), and strings. `label` is a short
    text that `seal.read_label` finds in the first 512 bytes. Raises `ValueError` or `TypeError` for anything else.
    """
    flat = flatten(contents)
    image = _build({**flat, DIGESTS: list_digests(flat)})
    return make_seal(image, label), image


def decode(data: bytes, source: str = "image", *, sealed: bool = True) -> Flat:
    """Return the flat dictionary that `data`, the bytes of a whole file, was made from; `source` names it in errors.

    The seal is checked first, then the kind and the digest of every array. `sealed=False` leaves out the seal, for a
    file that other tools have rewritten: damage to the structure of HDF5 may then crash the process, so do it in a
    process of its own. Raises `DamagedError`, which names the damaged, missing and unexpected arrays.
    """
    if sealed:
        check_seal(data, source)
    flat: Flat = {}
    with open_image(data, source) as file:
        for path, dataset in walk(file):
            check_plain(path, dataset, len(data))
            flat[path] = read_value(dataset)
    return check_digests(flat, source)


def read(path: str | os.PathLike[str], *, sealed: bool = True) -> Flat:
    """Return `decode` of the file at `path`; raises `CheckpointError` when it cannot be read."""
    return decode(read_bytes(path), str(path), sealed=sealed)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file; raises `CheckpointError` with path, cause and remedy."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise from_os_error("read", path, error) from error


@contextmanager
def open_image(data: bytes, source: str) -> Iterator[h5py.File]:
    """Open the bytes of an HDF5 file for reading; whatever h5py finds wrong in the block is a `DamagedError`."""
    import h5py

    try:
        with h5py.File(h5py.h5f.open_file_image(data)) as file:
            yield file
    except CheckpointError as error:
        raise type(error)(f"{source} is refused: {error}") from error
    except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise DamagedError(f"{source} is damaged or no HDF5 file: {error}") from error


def read_value(dataset: h5py.Dataset) -> Array | str:
    """Return a dataset that `check_plain` let through, as an array of this machine's byte order, or a string."""
    array = np.empty(dataset.shape, dataset.dtype)
    if array.size:
        dataset.read_direct(array)
    if array.dtype.kind == "S":
        return bytes(array[()]).decode()
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def flatten(contents: Contents) -> Flat:
    """Return {path: array or string} of nested dictionaries, in their order; raises on what HDF5 cannot hold."""
    flat = dict(_leaves(contents, ""))
    groups = {path[:end] for path in flat for end in range(len(path)) if path[end] == "/"}
    for path in flat:
        if path in groups:
            raise ValueError(f"checkpoint: {path!r} is the name of an array and of a group of arrays")
    if DIGESTS in flat or DIGESTS in groups:
        raise ValueError(f"checkpoint: the name {DIGESTS!r} is kept for the list of digests")
    return flat


def _leaves(contents: Contents, prefix: str) -> Iterator[tuple[str, Array | str]]:
    for name, value in contents.items():
        path = prefix + name
        if not path.isprintable() or any(part in ("", ".", "..") for part in name.split("/")):
            raise ValueError(f"checkpoint: expected names of printable text, parted by single '/'. Received: {path!r}")
        if isinstance(value, Mapping):
            yield from _leaves(value, path + "/")
        else:
            yield path, _check_value(path, value)


def _check_value(path: str, value: Value) -> Array | str:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"checkpoint: the text {path!r} holds a NUL character, which HDF5 cannot store")
        return value
    array = np.asarray(value, order="C")
    if array.dtype.kind not in _ARRAY_KINDS or array.dtype.itemsize > _WORD_BYTES:
        raise TypeError(
            f"checkpoint: {path!r} expected an array of booleans, integers or floats of at most 64 bits, or a string. "
            f"Received: {type(value).__name__} of dtype {array.dtype}"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _build(flat: Flat) -> bytes:
    import h5py

    options = {"driver": "core", "backing_store": False, "libver": "earliest", "userblock_size": SEAL_BYTES}
    # HDF5 knows open files by name, those in memory too: another thread may be building one now.
    with h5py.File(f"checkpoint {next(_serial)}", "w", **options) as file:
        for path, value in flat.items():
            if isinstance(value, str):
                text = value.encode()
                dtype = h5py.string_dtype("utf-8", max(1, len(text)))
                file.create_dataset(path, data=np.bytes_(text), dtype=dtype, track_times=False)
            else:
                file.create_dataset(path, data=value, track_times=False)
        file.flush()
        return bytes(file.id.get_file_image())
