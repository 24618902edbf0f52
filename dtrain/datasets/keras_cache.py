"""Data sets that lie where Keras keeps its downloads, or in a folder of one's own."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import keras_folder, search_folders
from .plain_pickle import load_plain

Array = NDArray[Any]
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


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays of an `.npz` file; lists of different lengths as arrays of lists.

    Raises:
        ValueError: for a damaged file, and for pickles of anything but plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(f"{path}: expected an .npz file of arrays. Found: {error}") from error


def _array(data: bytes) -> Array:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the .npy format is not known")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if not dtype.hasobject:
        stream.seek(0)
        plain: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return plain
    values: Array = np.asarray(load_plain(stream.read()), dtype=object)
    return values.reshape(shape)


def read_members(path: Path, names: list[str]) -> list[dict[bytes, Any]]:
    """The pickled dicts of these names in a tar archive, wherever in it they lie.

    Raises:
        ValueError: when one is missing or is no plain pickle.
    """
    with tarfile.open(path) as archive:
        members = {Path(member.name).name: member for member in archive if member.isfile()}
        missing = [name for name in names if name not in members]
        if missing:
            raise ValueError(f"{path}: expected an archive with {', '.join(names)}. Missing: {', '.join(missing)}")
        files = [archive.extractfile(members[name]) for name in names]
        return [load_plain(file.read()) for file in files if file is not None]
