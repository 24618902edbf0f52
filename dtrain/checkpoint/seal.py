"""The seal: 512 bytes before an HDF5 image that prove its bytes before libhdf5, which can crash on damage, sees one.

HDF5 allows a user block in front of its data and skips it, so a sealed file opens in h5py, Keras and `h5dump`. Layout,
little-endian:

    0   8 bytes   magic "DTRAINCK"
    8  32 bytes   SHA-256 of every byte from 40 to the end of the file
    40  4 bytes   version of the seal
    44  4 bytes   L, length of the label
    48  8 bytes   B, length of the image
    56  L bytes   label, UTF-8: what a folder listing needs without opening the image
    .. 512        zeros
    512 B bytes   HDF5 image

The magic and the rule of the digest are the same in every version, so that damage is never taken for a newer file.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TypeAlias

from dtrain.checkpoint.errors import DamagedError, NewerFormatError

Buffer: TypeAlias = bytes | bytearray | memoryview

SEAL_BYTES = 512
_MAGIC = b"DTRAINCK"
_VERSION = 1
_DIGEST_END = 40
_FIELDS = struct.Struct("<IIQ")
_LABEL_START = _DIGEST_END + _FIELDS.size
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def make_seal(image: Buffer, label: str = "") -> bytes:
    """Return the 512 bytes to write before `image`; `label` takes at most 456 bytes of UTF-8."""
    text = label.encode()
    if len(text) > SEAL_BYTES - _LABEL_START:
        raise ValueError(f"make_seal: expected a label of at most {SEAL_BYTES - _LABEL_START} bytes. Got {len(text)}")
    image = memoryview(image)
    rest = (_FIELDS.pack(_VERSION, len(text), image.nbytes) + text).ljust(SEAL_BYTES - _DIGEST_END, b"\0")
    digest = hashlib.sha256(rest)
    digest.update(image)
    return _MAGIC + digest.digest() + rest


def has_seal(data: Buffer) -> bool:
    """Tell whether `data`, a file or its first bytes, begins as a sealed file does."""
    return bytes(memoryview(data)[: len(_MAGIC)]) == _MAGIC


def read_label(start: bytes) -> str:
    """Return the label from the first 512 bytes of a file, unproven; empty when there is none to be read."""
    if len(start) < SEAL_BYTES or not has_seal(start):
        return ""
    length = _FIELDS.unpack_from(start, _DIGEST_END)[1]
    return start[_LABEL_START : min(_LABEL_START + length, SEAL_BYTES)].decode(errors="replace")


def check_seal(data: Buffer, source: str) -> None:
    """Prove that `data` is, byte for byte, what was sealed; `source` names it in errors.

    Raises `DamagedError` for a torn, altered or foreign file, `NewerFormatError` for a whole one of a later version.
    """
    data = memoryview(data)
    if not has_seal(data):
        raise DamagedError(f"{source} is no dtrain checkpoint: {_describe_start(bytes(data[:8]))}")
    if data.nbytes < SEAL_BYTES:
        raise DamagedError(f"{source} is truncated: it ends within its first {SEAL_BYTES} bytes")
    version, _, image_bytes = _FIELDS.unpack_from(data, _DIGEST_END)
    if hashlib.sha256(data[_DIGEST_END:]).digest() != bytes(data[len(_MAGIC) : _DIGEST_END]):
        raise DamagedError(f"{source} is damaged: {_describe_damage(data.nbytes, SEAL_BYTES + image_bytes)}")
    if version > _VERSION:
        raise NewerFormatError(
            f"{source} has a seal of version {version}; this dtrain reads up to {_VERSION}. Update dtrain to read it"
        )


def _describe_start(start: bytes) -> str:
    if not start:
        return "the file is empty"
    if start == _HDF5_SIGNATURE:
        return "it is an HDF5 file of another program (weights of Keras are read by `load_weights`)"
    if not any(start):
        return "it begins with zeros, as a file does that was never written to the disk"
    return f"it begins with {start!r}, expected {_MAGIC!r}"


def _describe_damage(found: int, declared: int) -> str:
    if found != declared:
        return f"it has {found:,} bytes, expected {declared:,}"
    return "its bytes have changed since they were written (SHA-256 differs)"
