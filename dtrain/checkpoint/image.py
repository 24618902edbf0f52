"""A dictionary of arrays and strings as one sealed HDF5 image: built in memory, proven before it is read.

h5py kills the process (SIGSEGV) when the disk fills up under an open file, so the bytes are made in memory and then
written like any others; and libhdf5 crashes on some files that are made to do so, so it neither writes nor reads them.
Equal contents give equal bytes: no time stamps, and the order is the dictionary's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.digests import DIGESTS, TEXT
from dtrain.checkpoint.errors import from_os_error
from dtrain.checkpoint.seal import SEAL_BYTES, Buffer, check_seal, make_seal
from dtrain.checkpoint.structure import Extent, build_head, set_end
from dtrain.checkpoint.table import Place, Table, aligned, places, read_table, read_values, tabulate

Array: TypeAlias = NDArray[Any]
Value: TypeAlias = Array | np.generic | float | str
Contents: TypeAlias = "Mapping[str, Contents | Value]"
Flat: TypeAlias = dict[str, Array | str]
Stored: TypeAlias = dict[str, tuple[str, tuple[int, ...], Buffer]]

_ARRAY_KINDS = "biuf"
_WORD_BYTES = 8
_LARGE_BYTES = 1 << 16  # what is smaller is copied, to be written with others in one call


def encode(contents: Contents, label: str = "") -> list[Buffer]:
    """Return the parts of a sealed file of `contents`, to be written one after the other.

    Keys are paths (`"weights/dense/kernel"`), nested dictionaries are more of the path. Values are arrays of booleans,
    integers or floats, Python and NumPy scalars (read back as arrays of no dimensions), and strings. `label` is a short
    text that `seal.read_label` finds in the first 512 bytes. The parts are views of large arrays, which must not change
    before they are written. Raises `ValueError` or `TypeError` for anything else.
    """
    stored = {path: _stored(value) for path, value in flatten(contents).items()}
    table = tabulate(stored)
    text = json.dumps(table, ensure_ascii=False).encode()
    head, table_start = _head(table, len(text))
    head[table_start : table_start + len(text)] = text
    values = list(places(table, SEAL_BYTES + len(head)))
    end = values[-1].end if values else SEAL_BYTES + len(head)
    set_end(head, end)
    seal = make_seal(head, label, end - SEAL_BYTES, table_start, len(text))
    return list(_joined([seal, head, *_padded(values, stored)]))


def decode(data: Buffer, source: str = "image", *, sealed: bool = True) -> Flat:
    """Return the flat dictionary that `data`, the bytes of a whole file, was made from; `source` names it in errors.

    The seal is checked first, then the digest of every value. A file with a seal of version 1, which libhdf5 has
    written, is read by a process of its own, and so is one without: `sealed=False`, for a file that other tools have
    rewritten. Raises `DamagedError`, which names the damaged, missing and unexpected arrays.
    """
    seal = check_seal(data, source) if sealed else None
    if seal is None or seal.version == 1:
        from dtrain.checkpoint.isolated import read_isolated

        return read_isolated(bytes(data), source)
    return read_values(data, read_table(data, seal, source), source)


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


def _stored(value: Array | str) -> tuple[str, tuple[int, ...], Buffer]:
    """Type, shape and bytes of a value, as they are in the file."""
    if isinstance(value, str):
        text = value.encode()
        return TEXT, (len(text),), text
    value = value.astype(value.dtype.newbyteorder("<"), copy=False)
    return value.dtype.str, value.shape, value.reshape(-1).view(np.uint8).data if value.size else b""


def _head(table: Table, table_bytes: int) -> tuple[bytearray, int]:
    """What lies between the seal and the values, with room for the table; and the start of the table in it."""
    extents: dict[str, Extent] = {DIGESTS: (TEXT, (), 0, table_bytes)}
    values = aligned(table_bytes)
    for place in places(table, values):
        is_text = place.kind == TEXT  # of at least one byte, in HDF5
        shape, nbytes = ((), max(1, place.nbytes)) if is_text else (place.shape, place.nbytes)
        extents[place.path] = (place.kind, shape, place.start, nbytes)
    head = build_head(extents, SEAL_BYTES)
    start = aligned(len(head.content))
    head.shift(start)
    return head.content.ljust(start + values, b"\0"), start


def _padded(values: Iterable[Place], stored: Stored) -> Iterator[Buffer]:
    for place in values:
        yield stored[place.path][2]
        yield bytes(place.end - place.start - place.nbytes)


def _joined(parts: Iterable[Buffer]) -> Iterator[Buffer]:
    """The same bytes in few parts: what is small is copied."""
    small = bytearray()
    for part in parts:
        if len(part) < _LARGE_BYTES:
            small += part
            continue
        if small:
            yield small
            small = bytearray()
        yield part
    if small:
        yield small
