"""MNIST: 70,000 handwritten digits (LeCun, Cortes and Burges), from files on this machine or from public mirrors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .download import download_gzip
from .files import cache_folder, keras_folder, search_folders
from .idx import read_idx
from .keras_cache import read_npz

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Pair = tuple[Images, Labels]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
NPZ = "mnist.npz"


class _Original(NamedTuple):
    """What a file of the original distribution holds, decompressed."""

    size: int
    digest: str


FILES = {
    "train-images-idx3-ubyte": _Original(
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": _Original(60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "t10k-images-idx3-ubyte": _Original(7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "t10k-labels-idx1-ubyte": _Original(10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Pair, Pair]:
    """Return `(x_train, y_train), (x_test, y_test)`, from the first place that has them.

    Places: `path`; `$DTRAIN_DATA_DIR/mnist`; `$DTRAIN_DATA_DIR`; the folder `mnist` of the cache (`$DTRAIN_CACHE_DIR`,
    else `$XDG_CACHE_HOME/dtrain`, else `~/.cache/dtrain`); Keras's `mnist.npz` in `$KERAS_HOME/datasets` or
    `~/.keras/datasets`; the public mirrors, from which the four files come into the cache, checked by SHA-256. A folder
    has MNIST as its four IDX files (plain or `.gz`) or as `mnist.npz`. Files that lie there already are checked for
    their form only, so another data set of the same form may be put there.

    Args:
        path: a `.npz` file with `x_train`, `y_train`, `x_test`, `y_test`, or the name of one in the folders above;
            Keras's "mnist.npz" means the same as None where there is no such file.

    Returns:
        x uint8 (n, 28, 28), y uint8 (n,); n = 60,000 for training and 10,000 for testing.

    Raises:
        FileNotFoundError: `path` is nowhere, or there is no copy and no mirror could be reached.
        ValueError: a file is damaged, or what it holds has another form; the message names the file.
    """
    if path is not None and os.path.isfile(path):
        return _read_npz(Path(path))
    folders = search_folders("mnist")
    name = NPZ if path is None else os.fspath(path)
    for folder in (*folders, keras_folder()):
        if (folder / name).is_file():
            return _read_npz(folder / name)
        if name == NPZ and folder in folders and (found := _find(folder)).keys() == FILES.keys():
            return _read_four(found)
    if name != NPZ:
        places = ", ".join(map(str, (*folders, keras_folder())))
        raise FileNotFoundError(f"mnist.load_data: there is no file {name}, nor one of that name in {places}")
    return _read_four(_fetch(folders))


def _find(folder: Path) -> dict[str, Path]:
    """Return those of the four files that are in `folder`."""
    spellings = ((name, folder / f"{name}{ending}") for name in FILES for ending in (".gz", ""))
    return {name: place for name, place in spellings if place.is_file()}


def _fetch(searched: list[Path]) -> dict[str, Path]:
    """Complete the four files in the cache from the mirrors."""
    folder = cache_folder() / "mnist"
    places = _find(folder)
    try:
        for name, original in FILES.items():
            if name not in places:
                places[name] = download_gzip(name, original.digest, original.size, MIRRORS, folder)
    except OSError as error:
        raise FileNotFoundError(
            f"mnist.load_data: MNIST is not on this machine and could not be downloaded. Put {', '.join(FILES)} (plain "
            f"or .gz) into {folder}, or into any folder that DTRAIN_DATA_DIR names; or use "
            f"dtrain.datasets.digits.load_data(), synthetic digits of the same form that need no files. "
            f"Searched: {_list(searched)}. Download: {error}"
        ) from None
    return places


def _read_four(places: dict[str, Path]) -> tuple[Pair, Pair]:
    x_train, y_train, x_test, y_test = (places[name] for name in FILES)
    return _read_pair(x_train, y_train), _read_pair(x_test, y_test)


def _read_pair(images: Path, labels: Path) -> Pair:
    return _check(read_idx(images), read_idx(labels), str(images), str(labels))


def _read_npz(path: Path) -> tuple[Pair, Pair]:
    file = read_npz(path, "x_train", "y_train", "x_test", "y_test")
    x_train, y_train, x_test, y_test = file.values()
    train = _check(x_train, y_train, f"{path}, x_train", f"{path}, y_train")
    return train, _check(x_test, y_test, f"{path}, x_test", f"{path}, y_test")


def _check(x: NDArray[Any], y: NDArray[Any], images: str, labels: str) -> Pair:
    if x.dtype != np.uint8 or x.shape[1:] != (28, 28):
        raise ValueError(f"{images}: expected images uint8 (n, 28, 28). Found: {x.dtype} {x.shape}")
    if y.dtype != np.uint8 or y.ndim != 1:
        raise ValueError(f"{labels}: expected labels uint8 (n,). Found: {y.dtype} {y.shape}")
    if len(x) != len(y):
        raise ValueError(
            f"expected one label per image. Found: {len(x)} images in {images}, {len(y)} labels in {labels}"
        )
    return x, y


def _list(folders: list[Path]) -> str:
    return ", ".join(f"{folder} ({len(_find(folder))} of {len(FILES)} files)" for folder in folders)
