"""The seal: 512 bytes before an HDF5 image that prove its bytes before anything is made of them.

HDF5 allows a user block in front of its data and skips it, so a sealed file opens in h5py, Keras and `h5dump`. Layout,
little-endian:

    0   8 bytes   magic "DTRAINCK"
    8  32 bytes   SHA-256 of every byte from 40 to V
    40  4 bytes   version of the seal: 2
    44  4 bytes   L, length of the label
    48  8 bytes   B, length of the image
    56  8 bytes   T, start of the table of values, which lists their digests
    64  8 bytes   its length
    72  8 bytes   V, start of the values
    80  L bytes   label, UTF-8: what a folder listing needs without opening the image
    .. 512        zeros
    512 B bytes   HDF5 image: structures, table, values

So each byte is hashed once: the seal proves the table, and the table proves the values. In version 1 the digest went on
to the end of the file and the label began at 56. Magic and digest stay as they are in later versions, so that damage is
never taken for a newer file.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TypeAlias

from dtrain.checkpoint.errors import DamagedError, NewerFormatError

Buffer: TypeAlias = bytes | bytearray | memoryview

SEAL_BYTES = 512
MAGIC = b"DTRAINCK"
_VERSION = 2
_DIGEST_END = 40
_FIELDS = struct.Struct("<IIQQQQ")
_LABEL_STARTS = {1: 56}  # by version
_LABEL_START = _DIGEST_END + _FIELDS.size
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """What the seal of a whole file says.

    Attributes:
        version: of the seal; the others are zero in version 1.
        table: start of the table of values in the file.
        table_bytes: its length.
        values: start of the values in the file.
    """

    version: int
    table: int
    table_bytes: int
    values: int


def make_seal(head: Buffer, label: str, image_bytes: int, table: int, table_bytes: int) -> bytes:
    """Return the 512 bytes to write before an image of `image_bytes` bytes.

    `head` is its beginning, up to the values; `table` is the place in it of the table of values. `label` takes at most
    432 bytes of UTF-8.
    """
    text = label.encode()
    if len(text) > SEAL_BYTES - _LABEL_START:
        raise ValueError(f"make_seal: expected a label of at most {SEAL_BYTES - _LABEL_START} bytes. Got {len(text)}")
    places = SEAL_BYTES + table, table_bytes, SEAL_BYTES + memoryview(head).nbytes
    rest = (_FIELDS.pack(_VERSION, len(text), image_bytes, *places) + text).ljust(SEAL_BYTES - _DIGEST_END, b"\0")
    digest = hashlib.sha256(rest)
    digest.update(head)
    return MAGIC + digest.digest() + rest


def has_seal(data: Buffer) -> bool:
    """Tell whether `data`, a file or its first bytes, begins as a sealed file does."""
    return bytes(memoryview(data)[: len(MAGIC)]) == MAGIC


def read_label(start: bytes) -> str:
    """Return the label from the first 512 bytes of a file, unproven; empty when there is none to be read."""
    if len(start) < SEAL_BYTES or not has_seal(start):
        return ""
    version, length, *_ = _FIELDS.unpack_from(start, _DIGEST_END)
    first = _LABEL_STARTS.get(version, _LABEL_START)
    return start[first : min(first + length, SEAL_BYTES)].decode(errors="replace")


def check_seal(data: Buffer, source: str) -> Seal:
    """Prove that `data` is what was sealed, byte for byte up to the values; `source` names it in errors.

    Raises `DamagedError` for a torn, altered or foreign file, `NewerFormatError` for a whole one of a later version.
    """
    data = memoryview(data)
    if not has_seal(data):
        raise DamagedError(f"{source} is no dtrain checkpoint: {_describe_start(bytes(data[:8]))}")
    if data.nbytes < SEAL_BYTES:
        raise DamagedError(f"{source} is truncated: it ends within its first {SEAL_BYTES} bytes")
    version, _, image_bytes, *places = _FIELDS.unpack_from(data, _DIGEST_END)
    seal = Seal(version, *(places if version > 1 else (0, 0, 0)))
    end = seal.values if version > 1 else data.nbytes
    intact = hashlib.sha256(data[_DIGEST_END:end]).digest() == bytes(data[len(MAGIC) : _DIGEST_END])
    if intact and version > _VERSION:
        raise NewerFormatError(
            f"{source} has a seal of version {version}; this dtrain reads up to {_VERSION}. Update dtrain to read it"
        )
    if not intact or data.nbytes != SEAL_BYTES + image_bytes:
        raise DamagedError(f"{source} is damaged: {_describe_damage(data.nbytes, SEAL_BYTES + image_bytes)}")
    return seal


def _describe_start(start: bytes) -> str:
    if not start:
        return "the file is empty"
    if start == _HDF5_SIGNATURE:
        return "it is an HDF5 file of another program (weights of Keras are read by `load_weights`)"
    if not any(start):
        return "it begins with zeros, as a file does that was never written to the disk"
    return f"it begins with {start!r}, expected {MAGIC!r}"


def _describe_damage(found: int, declared: int) -> str:
    if found != declared:
        return f"it has {found:,} bytes, expected {declared:,}"
    return "its bytes have changed since they were written (SHA-256 differs)"
