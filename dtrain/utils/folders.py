"""Data sets of images and texts that lie in one folder for each class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dtrain.config import standardize_data_format
from dtrain.datasets.labelled_files import LabelledFiles, divide, encode, find_files
from dtrain.datasets.row_batches import RowBatches
from dtrain.distributed import say
from dtrain.graph import Array

from .images import MODES

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_TEXTS = (".txt",)


class _Files:
    """Row k is what `read` makes of file k, with its label."""

    def __init__(self, paths: Sequence[str], labels: Array | None, read: Callable[[Sequence[str]], Array]) -> None:
        self._paths, self._labels, self._read = paths, labels, read

    def __len__(self) -> int:
        return len(self._paths)

    def read_rows(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """The contents of the files, and labels."""
        y = None if self._labels is None else self._labels[rows]
        return self._read([self._paths[k] for k in rows]), y, None


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Images (JPEG, PNG, BMP, GIF) in folders named like their classes, read when they are asked for.

    In `fit` each process reads only its own rows of a batch. Pixels are float32 in [0, 255].

    Args:
        directory: holds a folder for each class.
        labels: "inferred" from the folders, None, or a number for each file in the order of their paths.
        label_mode: "int", "categorical", "binary" or None, see `labelled_files.encode`.
        class_names: the folders in the order of their numbers; by default the alphabetical one.
        color_mode: "grayscale", "rgb" or "rgba".
        batch_size: None: a loop gives one image after the other.
        image_size: (height, width) to which they are brought.
        shuffle: whether images come in another order in each pass.
        seed: of that order, and of the choice of a subset.
        validation_split: the part of the files that is for validation.
        subset: "training", "validation", or "both" for a pair of data sets.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether linked folders are looked into.
        crop_to_aspect_ratio, pad_to_aspect_ratio: cut, or add black borders, instead of distorting.
        data_format: "channels_last" or "channels_first"; the default setting if None.
        format: accepted for scripts that give it.
        verbose: whether the numbers of files and classes are printed.

    Returns:
        `RowBatches`, of which `class_names` and `file_paths` tell more.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: there are no images, or arguments do not fit.
    """
    name = "image_dataset_from_directory"
    if color_mode not in MODES:
        raise ValueError(f"{name}: expected color_mode to be one of {', '.join(MODES)}. Received: {color_mode=}")
    files = find_files(name, directory, _IMAGES, labels, class_names, follow_links)
    read = _image_reader(
        color_mode, image_size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio,
        standardize_data_format(data_format),
    )  # fmt: skip
    parts = divide(name, files, validation_split, subset, shuffle, seed)
    return _datasets(name, files, parts, label_mode, read, batch_size, shuffle, seed, subset, verbose)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Text files (.txt, UTF-8) in folders named like their classes, read when they are asked for.

    A batch of texts is an array of strings: turn it into numbers before a model, as by `layers.TextVectorization`.

    Args:
        max_length: characters of a text that are kept; None: all.

    The others are those of `image_dataset_from_directory`.
    """
    name = "text_dataset_from_directory"
    files = find_files(name, directory, _TEXTS, labels, class_names, follow_links)

    def read(paths: Sequence[str]) -> Array:
        texts = np.empty(len(paths), object)
        for k, path in enumerate(paths):
            with open(path, encoding="utf-8") as file:
                texts[k] = file.read() if max_length is None else file.read(max_length)
        return texts

    parts = divide(name, files, validation_split, subset, shuffle, seed)
    return _datasets(name, files, parts, label_mode, read, batch_size, shuffle, seed, subset, verbose)


def _datasets(
    name: str, files: LabelledFiles, parts: Sequence[LabelledFiles], label_mode: str | None,
    read: Callable[[Sequence[str]], Array], batch_size: int | None, shuffle: bool, seed: int | None,
    subset: str | None, verbose: bool,
) -> Any:  # fmt: skip
    names = files.class_names
    if verbose:
        classes = f" belonging to {len(names)} classes" if names is not None else ""
        say(f"Found {len(files.paths)} files{classes}.")
        for part, use in zip(parts, ("training", "validation") if subset == "both" else (subset,), strict=True):
            if use is not None:
                say(f"Using {len(part.paths)} files for {use}.")
    made = []
    for part in parts:
        labels = encode(name, part.labels, label_mode, len(names or ()))
        data = RowBatches(_Files(part.paths, labels, read), batch_size, shuffle, seed)
        data.class_names, data.file_paths = names, part.paths
        made.append(data)
    return made[0] if len(made) == 1 else tuple(made)


def _image_reader(
    color_mode: str, size: tuple[int, int], interpolation: str, crop: bool, pad: bool, data_format: str
) -> Callable[[Sequence[str]], Array]:
    from dtrain.layers import Resizing

    resize = Resizing(
        *size, interpolation=interpolation, crop_to_aspect_ratio=crop, pad_to_aspect_ratio=pad,
        data_format="channels_last", dtype="float32",
    )  # fmt: skip
    first = data_format == "channels_first"

    def read(paths: Sequence[str]) -> Array:
        from .images import img_to_array, load_img

        images: Array = np.empty((len(paths), *size, len(MODES[color_mode])), np.float32)
        for k, path in enumerate(paths):
            pixels = img_to_array(load_img(path, color_mode), "channels_last", "float32")
            images[k] = np.asarray(resize(pixels))
        return images.transpose(0, 3, 1, 2) if first else images

    return read
