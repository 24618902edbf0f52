"""The table of what a sealed file holds: digest, type and shape of each value, in the order in which they lie in it.

It is kept in the file as JSON, `{path: [digest, type, shape]}`, beside the structures of HDF5 that say the same: so the
values are found without libhdf5, which crashes on some files that are made to do so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.digests import TEXT, complain, digest_stored
from dtrain.checkpoint.errors import DamagedError
from dtrain.checkpoint.seal import Buffer, Seal

Array: TypeAlias = NDArray[Any]
Flat: TypeAlias = dict[str, Array | str]
Table: TypeAlias = dict[str, tuple[str, str, tuple[int, ...]]]

ALIGNMENT = 64  # each value begins at a multiple of it
_ITEM_BYTES = {
    **dict.fromkeys(("|b1", "|i1", "|u1", TEXT), 1),
    **{f"<{kind}{size}": size for kind in "iuf" for size in (2, 4, 8)},
}
_MAX_DIMENSIONS = 32  # of HDF5


class Place(NamedTuple):
    """Where the bytes of a value lie: `nbytes` from `start` on, then zeros up to `end`; at least one, in all."""

    path: str
    digest: str
    kind: str
    shape: tuple[int, ...]
    start: int
    nbytes: int

    @property
    def end(self) -> int:
        """The start of the next value."""
        return self.start + aligned(max(1, self.nbytes))


def aligned(size: int) -> int:
    """Return `size` with what lacks to a multiple of `ALIGNMENT`."""
    return size + -size % ALIGNMENT


def tabulate(stored: Mapping[str, tuple[str, tuple[int, ...], Buffer]]) -> Table:
    """Return the table of {path: (type, shape, bytes)}; type is `TEXT`, whose shape is its length, or a dtype."""
    return {path: (digest_stored(kind, shape, content), kind, shape) for path, (kind, shape, content) in stored.items()}


def places(table: Table, start: int) -> Iterator[Place]:
    """Yield where the values of a table lie when the first one begins at `start`."""
    for path, (value_digest, kind, shape) in table.items():
        place = Place(path, value_digest, kind, shape, start, prod(shape) * _ITEM_BYTES[kind])
        yield place
        start = place.end


def read_table(data: Buffer, seal: Seal, source: str) -> list[Place]:
    """Return the places of the values in a whole file; raises `DamagedError` when its table is nonsense.

    The seal may be forged: what is returned lies within the file, one value after the other, whatever the table says.
    """
    try:
        table = _parse(bytes(memoryview(data)[seal.table : seal.table + seal.table_bytes]))
        found = list(places(table, seal.values))
        if (found[-1].end if found else seal.values) != len(data):
            raise ValueError("its values do not fill the file")
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedError(f"{source} is refused: its table of values is nonsense ({error})") from None
    return found


def read_values(data: Buffer, found: list[Place], source: str) -> Flat:
    """Return the values of a file, the arrays as copies; raises `DamagedError` with the names of those that changed."""
    complain([f"{place.path!r} has changed (SHA-256 differs)" for place in found if not is_intact(data, place)], source)
    try:
        return {place.path: read_value(data, place) for place in found}
    except ValueError as error:
        raise DamagedError(f"{source} is refused: {error}") from None


def is_intact(data: Buffer, place: Place) -> bool:
    """Whether a value is what was written, up to the start of the next one."""
    content = _content(data, place)
    gap = bytes(memoryview(data)[place.start + place.nbytes : place.end])
    return digest_stored(place.kind, place.shape, content) == place.digest and not any(gap)


def read_value(data: Buffer, place: Place) -> Array | str:
    """Return a value as an array of this machine's byte order, or a text; raises `ValueError` on what is neither."""
    content = _content(data, place)
    if place.kind == TEXT:
        return str(content, "utf-8")
    dtype = np.dtype(place.kind)
    array: Array = np.frombuffer(content, dtype).reshape(place.shape).astype(dtype.newbyteorder("="))
    if dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        raise ValueError(f"{place.path!r} holds booleans that are neither 0 nor 1")
    return array


def _content(data: Buffer, place: Place) -> memoryview:
    return memoryview(data)[place.start : place.start + place.nbytes]


def _parse(text: bytes) -> Table:
    listed = json.loads(text)
    if not isinstance(listed, dict):
        raise ValueError("it is no dictionary")
    return {path: _checked(path, item) for path, item in listed.items()}


def _checked(path: str, item: Any) -> tuple[str, str, tuple[int, ...]]:
    value_digest, kind, shape = item
    if kind not in _ITEM_BYTES or type(shape) is not list or len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"{path!r} has the type {kind!r} and the shape {shape!r}"[:200])
    if any(type(length) is not int or not 0 <= length < 1 << 63 for length in shape):
        raise ValueError(f"{path!r} has the shape {shape!r}"[:200])
    return value_digest, kind, tuple(shape)
