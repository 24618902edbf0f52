"""Files in one folder for each class: which there are, their labels, and which are for validation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LabelledFiles:
    """Files and the number of the class of each; no classes: `labels` is None."""

    paths: list[str]
    labels: Array | None
    class_names: list[str] | None

    def part(self, places: Array) -> LabelledFiles:
        """Some of the files."""
        labels = None if self.labels is None else self.labels[places]
        return replace(self, paths=[self.paths[k] for k in places], labels=labels)


def find_files(
    caller: str,
    directory: Any,
    endings: Sequence[str],
    labels: Any,
    class_names: Sequence[str] | None,
    follow_links: bool,
) -> LabelledFiles:
    """Return the files of a folder in the order of their classes and names.

    Args:
        caller: named in errors.
        endings: of the names of files, in small letters.
        labels: "inferred": each folder is a class; None: none; or a number for each file, in the order of the result.
        class_names: of the folders, if not all in alphabetical order.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: there is no such file, or labels or names do not fit.
    """
    root = Path(directory)
    if not root.is_dir():
        raise NotADirectoryError(f"{caller}: expected a folder. Received: directory={str(directory)!r}")
    if labels == "inferred":
        folders = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        names = folders if class_names is None else list(class_names)
        if class_names is not None and set(names) != set(folders):
            raise ValueError(f"{caller}: expected class_names to be the folders {folders}. Received: {names}")
        groups = [_below(root / name, endings, follow_links) for name in names]
        paths = [path for group in groups for path in group]
        numbers = np.repeat(np.arange(len(groups), dtype=np.int32), [len(group) for group in groups])
        found = LabelledFiles(paths, numbers, names)
    else:
        if class_names is not None:
            raise ValueError(f'{caller}: class_names are for labels="inferred". Received: labels={labels!r}')
        found = LabelledFiles(_below(root, endings, follow_links), None, None)
    if not found.paths:
        raise ValueError(f"{caller}: no files ending with {', '.join(endings)} in {root}")
    return found if labels is None or labels == "inferred" else _with_labels(caller, found, labels)


def _with_labels(caller: str, found: LabelledFiles, labels: Any) -> LabelledFiles:
    numbers = np.asarray(labels)
    if numbers.shape != (len(found.paths),) or numbers.dtype.kind not in "iu":
        raise ValueError(
            f'{caller}: expected labels to be "inferred", None, or a whole number for each of the {len(found.paths)} '
            f"files. Received: {numbers.dtype} of shape {numbers.shape}"
        )
    names = [str(number) for number in sorted(set(numbers.tolist()))]
    return replace(found, labels=numbers.astype(np.int32), class_names=names)


def _below(folder: Path, endings: Sequence[str], follow_links: bool) -> list[str]:
    found = [
        os.path.join(place, name)
        for place, _, names in sorted(os.walk(folder, followlinks=follow_links))
        for name in sorted(names)
        if name.lower().endswith(tuple(endings))
    ]
    return found


def divide(
    caller: str,
    files: LabelledFiles,
    validation_split: float | None,
    subset: str | None,
    shuffle: bool,
    seed: int | None,
) -> tuple[LabelledFiles, ...]:
    """Return the files, those for "training" or "validation", or (subset "both") the two.

    The last part is for validation; with `shuffle`, of an order that the seed gives, as in Keras.

    Raises:
        ValueError: one of the two arguments is missing or none of those known, or there is no seed to shuffle by.
    """
    if (validation_split is None) != (subset is None):
        raise ValueError(
            f"{caller}: validation_split and subset go together. "
            f"Received: validation_split={validation_split}, subset={subset!r}"
        )
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"{caller}: expected 0 < validation_split < 1. Received: {validation_split}")
    if subset not in (None, "training", "validation", "both"):
        raise ValueError(f'{caller}: expected subset "training", "validation" or "both". Received: {subset!r}')
    if validation_split is not None and shuffle and seed is None:
        raise ValueError(f"{caller}: give a seed, so that the two subsets have no file in common, or shuffle=False")
    order = np.arange(len(files.paths))
    if shuffle and seed is not None:
        np.random.RandomState(seed).shuffle(order)
    if validation_split is None:
        return (files.part(order),)
    held = int(validation_split * len(order))
    parts = files.part(order[: len(order) - held]), files.part(order[len(order) - held :])
    return parts if subset == "both" else (parts[subset == "validation"],)


def encode(caller: str, labels: Array | None, mode: str | None, classes: int) -> Array | None:
    """Return labels in a form that losses take.

    Args:
        mode: "int": numbers; "categorical": rows of a one for the class; "binary": (rows, 1) of 0.0 and 1.0; None.

    Raises:
        ValueError: there is no such mode, or not two classes for "binary".
    """
    if mode not in ("int", "categorical", "binary", None):
        raise ValueError(f'{caller}: expected label_mode "int", "categorical", "binary" or None. Received: {mode!r}')
    if mode == "binary" and classes != 2:
        raise ValueError(f'{caller}: label_mode "binary" is for two classes. Found: {classes}')
    if labels is None or mode is None:
        return None
    if mode == "int":
        return labels
    if mode == "binary":
        return labels.astype(np.float32)[:, None]
    return np.eye(classes, dtype=np.float32)[labels]
