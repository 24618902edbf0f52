"""Data sets that lie where Keras keeps its downloads, or in a folder of one's own."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import tokenize
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import check_unpacked, keras_folder, search_folders
from .plain_pickle import load_plain, objects

Array = NDArray[Any]
# What the readers of the standard library and of NumPy raise for files that are damaged or made to do harm.
_DAMAGE = (
    ArithmeticError, EOFError, LookupError, MemoryError, NotImplementedError, RecursionError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"


def find_file(dataset: str, path: str, origin: str | None = None) -> Path:
    """The place of a file: `path` itself, or below the folders of data sets (`$DTRAIN_DATA_DIR`, the caches).

    Raises:
        FileNotFoundError: it is nowhere; the message says where to get it and where to put it.
    """
    places = [Path(path), *(folder / path for folder in (*search_folders(dataset), keras_folder()))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"{dataset}.load_data: there is no {path}. Get it from {origin or f'{_ADDRESS}/{path}'} and put it into "
            f"{keras_folder()}, or into any folder that DTRAIN_DATA_DIR names"
        )
    return found


def read_npz(path: Path, *names: str) -> dict[str, Array]:
    """The arrays of an `.npz` file; lists of different lengths as arrays of lists.

    Args:
        names: arrays that must be there; others are left out then.

    Raises:
        ValueError: for a damaged file, one without these arrays, and for pickles of anything but plain values.
    """
    with open(path, "rb") as file:
        data = io.BytesIO(file.read())  # from here on, an OSError is one of zipfile's about nonsense
    try:
        with zipfile.ZipFile(data) as archive:
            members = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            if missing := [name for name in names if name not in members]:
                raise ValueError(f"no {', '.join(missing)} among {', '.join(members) or 'nothing'}")
            wanted = {name: members[name] for name in names or members}
            check_unpacked(path, sum(entry.file_size for entry in wanted.values()))
            return {name: _array(archive.read(entry)) for name, entry in wanted.items()}
    except (*_DAMAGE, OSError) as error:
        needed = f" with {', '.join(names)}" if names else " of arrays"
        raise ValueError(f"{path}: expected an .npz file{needed}. Found: {error}") from error


def _array(data: bytes) -> Array:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the .npy format is not known")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if not dtype.hasobject:
        held = len(data) - stream.tell()
        if prod(shape) * dtype.itemsize != held:
            raise ValueError(f"an array of {dtype} and shape {shape} in {held:,} bytes")
        stream.seek(0)
        plain: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return plain
    values = load_plain(stream.read())
    count = values.size if isinstance(values, np.ndarray) else len(values) if isinstance(values, list) else -1
    if count != prod(shape):
        raise ValueError(f"expected {prod(shape)} items in a list")
    return (objects(values) if isinstance(values, list) else values).reshape(shape)


def read_members(path: Path, names: list[str]) -> list[dict[bytes, Any]]:
    """The pickled dicts of these names in a tar archive, wherever in it they lie.

    Raises:
        ValueError: when one is missing or is no plain pickle.
    """
    with open(path, "rb") as file:
        data = io.BytesIO(file.read())
    try:
        with tarfile.open(fileobj=data) as archive:
            members = {}
            for member in archive:
                check_unpacked(path, member.offset_data + member.size)
                if member.isreg() and not member.issparse():
                    members[Path(member.name).name] = member
            missing = [name for name in names if name not in members]
            if missing:
                raise ValueError(f"expected an archive with {', '.join(names)}. Missing: {', '.join(missing)}")
            files = [archive.extractfile(members[name]) for name in names]
            return [load_plain(file.read()) for file in files if file is not None]
    except (*_DAMAGE, tarfile.TarError, OSError, lzma.LZMAError) as error:
        text = str(error)
        raise ValueError(text if text.startswith(str(path)) else f"{path}: {text}") from error
