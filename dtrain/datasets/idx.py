"""IDX files, the format of MNIST: a type, the dimensions, and big-endian values; plain or compressed with gzip.

Layout (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"): two zero bytes, a byte for the type, a
byte for the rank, one unsigned 32-bit integer per dimension, then the values in C order.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from math import prod
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import check_unpacked, write_whole

Path = str | os.PathLike[str]
Stream = BinaryIO | gzip.GzipFile

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST = 2**32 - 1
_CHUNK_BYTES = 1 << 20


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file, plain or gzip (told apart by the content), into an array in the machine's byte order.

    Memory grows with what the file really holds, whatever its header promises.

    Raises:
        ValueError: the file is not IDX, is cut off, goes on after its last value, or its gzip stream is damaged.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        if file.peek(2)[:2] != _GZIP_MAGIC:
            return _read(file, path)
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                return _read(stream, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            _fail(path, "a whole gzip stream", f"a damaged or cut-off one ({error})")


def write_idx(path: Path, array: ArrayLike) -> None:
    """Write an array as an IDX file, with gzip if the name ends in ".gz"; the file is there whole or not at all.

    Raises:
        ValueError: the format has no such type (it has uint8, int8, int16, int32, float32, float64), or a dimension
            does not fit in 32 bits.
        OSError: the file cannot be written.
    """
    values = np.asarray(array)
    code = _CODES.get(values.dtype.newbyteorder("="))
    if code is None:
        names = ", ".join(str(dtype) for dtype in _CODES)
        raise ValueError(f"write_idx: expected an array of {names}. Received: {values.dtype}")
    if any(length > _LONGEST for length in values.shape):
        raise ValueError(f"write_idx: expected dimensions below 2**32. Received: shape={values.shape}")
    header = struct.pack(f">2xBB{values.ndim}I", code, values.ndim, *values.shape)
    data = values.astype(values.dtype.newbyteorder(">"), copy=False).tobytes()
    if os.fspath(path).endswith(".gz"):
        write_whole(path, gzip.compress(header + data, mtime=0))  # no time of day: equal arrays make equal files
    else:
        write_whole(path, header, data)


def _read(stream: Stream, path: Path) -> NDArray[Any]:
    dtype, shape = _read_header(stream, path)
    size = prod(shape) * dtype.itemsize
    if isinstance(stream, gzip.GzipFile):
        check_unpacked(path, size)
    data = bytearray()
    while len(data) < size and (chunk := stream.read(min(_CHUNK_BYTES, size - len(data)))):
        data += chunk
    promise = f"{size} bytes of data for {dtype} of shape {shape}"
    if len(data) < size:
        _fail(path, promise, f"{len(data)}; the file is cut off")
    if stream.read(1):
        _fail(path, promise, "more after them")
    try:
        values = np.frombuffer(data, dtype.newbyteorder(">")).reshape(shape)
    except ValueError as error:
        _fail(path, "dimensions that an array can have", f"shape {shape} ({error})")
    return values.astype(dtype, copy=False)


def _read_header(stream: Stream, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        codes = ", ".join(f"{code:02x}" for code in _DTYPES)
        _fail(path, f"an IDX file, which begins with 00 00, a type ({codes}) and a rank", magic.hex(" ") or "no bytes")
    rank = magic[3]
    dimensions = stream.read(4 * rank)
    if len(dimensions) < 4 * rank:
        _fail(path, f"{4 * rank} bytes of dimensions for rank {rank}", f"{len(dimensions)}; the file is cut off")
    return _DTYPES[magic[2]], struct.unpack(f">{rank}I", dimensions)


def _fail(path: Path, expected: str, found: str) -> NoReturn:
    raise ValueError(f"{os.fspath(path)}: expected {expected}. Found: {found}") from None
