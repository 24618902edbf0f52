"""Event files, which TensorBoard shows: records of protocol buffers, written without either library.

Each record is its length, the checksum of that, the data and their checksum (TensorFlow's TFRecord); the data are the
message `Event` of tensorflow/core/util/event.proto.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

import numpy as np

from dtrain.graph import Array

_POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), reversed
_NUMBERS = count()
_BINS = 30


class EventFile:
    """A new file in `folder`, which is made if it is missing. `flush` makes what was added visible."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}.v2"
        self._file = open(folder / name, "wb")  # noqa: SIM115 (stays open until `close`)
        self._add(_text(3, "brain.Event:2"))
        self.flush()

    def add_numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        """Add one number for each tag."""
        self._add_summary(step, (_text(1, tag) + _key(2, 5) + struct.pack("<f", v) for tag, v in numbers.items()))

    def add_distributions(self, step: int, arrays: Mapping[str, Array]) -> None:
        """Add how the values of an array are spread, for each tag."""
        self._add_summary(step, (_text(1, tag) + _bytes(5, _histogram(a)) for tag, a in arrays.items()))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _add_summary(self, step: int, values: Iterable[bytes]) -> None:
        self._add(_key(2, 0) + _varint(step) + _bytes(5, b"".join(_bytes(1, value) for value in values)))

    def _add(self, content: bytes) -> None:
        event = _double(1, time.time()) + content
        length = struct.pack("<Q", len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))


def _histogram(array: Array) -> bytes:
    """`HistogramProto`: least, most, number, sum, sum of squares, upper ends of the bins and what is in them."""
    values = array[np.isfinite(array)].astype(np.float64)
    if not values.size:
        values = np.zeros(1)
    numbers, edges = np.histogram(values, _BINS)
    heads = (values.min(), values.max(), values.size, values.sum(), (values**2).sum())
    content = b"".join(_double(field, value) for field, value in enumerate(heads, 1))
    return content + _bytes(6, edges[1:].astype("<f8").tobytes()) + _bytes(7, numbers.astype("<f8").tobytes())


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())


def _table() -> list[int]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return found


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The checksum CRC-32C of `data` (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _checksum(data: bytes) -> bytes:
    """CRC-32C, masked as records have it, since data may hold checksums themselves."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
