"""What the two data sets of small colour images share (Krizhevsky 2009)."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from dtrain.config import image_data_format

from .files import keras_folder, search_folders
from .keras_cache import Array, read_members
from .plain_pickle import load_plain

Pair = tuple[Array, Array]
_HOME = "https://www.cs.toronto.edu/~kriz/"


def load_images(dataset: str, folder: str, archive: str, files: list[str], labels: bytes) -> list[Pair]:
    """Images and labels of each file, from the unpacked folder or the archive, wherever it lies.

    Raises:
        FileNotFoundError: it is nowhere; the message says where to put it.
        ValueError: for a damaged file.
    """
    roots = [*search_folders(dataset), keras_folder()]
    unpacked = [place for root in roots for place in (root / folder, *root.glob(f"*/{folder}"))]
    for place in unpacked:
        if all((place / name).is_file() for name in files):
            return [_pair(_plain(place / name), labels, place / name) for name in files]
    packed = [place for root in roots for place in (root / archive, *root.glob(f"{folder}*")) if _is_archive(place)]
    if packed:
        found = read_members(packed[0], files)
        return [_pair(content, labels, packed[0]) for content in found]
    raise FileNotFoundError(
        f"{dataset}.load_data: there is no {archive}. Get it from {_HOME}{archive} and put it into "
        f"{keras_folder()}, or into any folder that DTRAIN_DATA_DIR names"
    )


def _is_archive(place: Path) -> bool:
    return place.is_file() and tarfile.is_tarfile(place)


def _plain(place: Path) -> Any:
    try:
        return load_plain(place.read_bytes())
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def _pair(content: Any, labels: bytes, place: Path) -> Pair:
    """Images (N, 32, 32, 3) and labels (N, 1), from rows of 3 · 32 · 32 bytes."""
    images = content.get(b"data") if isinstance(content, dict) else None
    numbers = content.get(labels) if images is not None else None
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != (3 * 32 * 32,):
        raise ValueError(f"{place}: expected a dict with data, bytes of shape (n, 3072), and {labels.decode()}")
    listed = numbers if isinstance(numbers, list) else []
    if len(listed) != len(images) or not all(type(number) is int and 0 <= number < 256 for number in listed):
        raise ValueError(f"{place}: expected {labels.decode()}: {len(images)} numbers from 0 to 255 in a list")
    images = images.reshape(-1, 3, 32, 32)
    if image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return images, np.asarray(listed, np.uint8)[:, None]
