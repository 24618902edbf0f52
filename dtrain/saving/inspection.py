"""What a file of Keras holds, without making a model of it: its form, configuration, training and arrays."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dtrain.checkpoint.errors import DamagedError

from .files import Kind, PathLike, kind_of
from .hdf5 import Hdf5, read_hdf5
from .weights import VARS
from .weights_file import is_legacy, read_weights

Config = dict[str, Any]


@dataclass(slots=True)
class ModelFile:
    """The content of a file or folder.

    Attributes:
        path: of the file or folder.
        form: what it is, in words.
        version: of the Keras that wrote it, if it says so.
        config: class and configuration of the model; None in a file of weights alone.
        training: what `compile` was told; None if nothing.
        content: its arrays and the texts beside them.
        assets: names of further files in an archive.
    """

    path: str
    form: str
    version: str | None
    config: Config | None
    training: Config | None
    content: Hdf5
    assets: list[str]

    @property
    def weights(self) -> dict[str, Any]:
        """The arrays of the layers, by path."""
        return {path: array for path, array in self.content.arrays.items() if not _is_optimizers(path)}

    @property
    def optimizer_state(self) -> dict[str, Any]:
        """The arrays of the optimizer, by path."""
        return {path: array for path, array in self.content.arrays.items() if _is_optimizers(path)}

    @property
    def layers(self) -> list[tuple[str, str]]:
        """Name and class of each layer of the model, as the configuration lists them."""
        listed = _layer_configs(self.config or {})
        return [(str(_inner(layer).get("name", "?")), str(layer.get("class_name", "?"))) for layer in listed]


def open_model_file(path: PathLike) -> ModelFile:
    """Read a `.keras` archive or folder, an `.h5` of any Keras, or weights alone.

    Raises:
        FileNotFoundError, CheckpointError: when it cannot be read.
    """
    place = os.fspath(path)
    kind = kind_of(place, "inspect")
    if kind in (Kind.ZIP, Kind.FOLDER):
        return _open_archive(place, kind)
    if kind is Kind.JSON:
        return _open_json(place)
    content = read_hdf5(place, place)
    config, training = (_parsed(content.text("", name)) for name in ("model_config", "training_config"))
    version = content.text("", "keras_version") or content.text("model_weights", "keras_version")
    if config is not None:
        return ModelFile(place, "whole model in the layout of Keras 1 and 2", version, config, training, content, [])
    form = "HDF5"
    if is_legacy(content):
        form = "weights in the layout of Keras 1 and 2"
    elif any(path.rpartition("/")[0].endswith(VARS) for path in content.arrays):
        form = "weights in the layout of Keras 3"
    return ModelFile(place, form, version, None, None, content, [])


def _open_archive(place: str, kind: Kind) -> ModelFile:
    from .archive import read_archive

    archive = read_archive(place)
    form = "whole model of Keras 3" + (", as a folder" if kind is Kind.FOLDER else "")
    training = archive.config.get("compile_config")
    return ModelFile(
        place, form, archive.keras_version, archive.config, training, archive.weights, sorted(archive.assets)
    )


def _open_json(place: str) -> ModelFile:
    with open(place, "rb") as file:
        listing = _parsed(file.read().decode("utf-8", "replace"))
    if listing is None:
        raise DamagedError(f"{place} is damaged or no JSON object")
    if "weight_map" in listing:
        content = read_weights(place)
        return ModelFile(place, "weights in the layout of Keras 3, in several files", None, None, None, content, [])
    version = str(listing.get("keras_version")) if listing.get("keras_version") else None
    return ModelFile(place, "architecture as JSON", version, listing, None, Hdf5(), [])


def _is_optimizers(path: str) -> bool:
    return path.split("/")[0] in ("optimizer", "optimizer_weights")


def _parsed(text: str | None) -> Config | None:
    try:
        value = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _inner(config: Mapping[str, Any]) -> Mapping[str, Any]:
    found = config.get("config")
    return found if isinstance(found, Mapping) else {}


def _layer_configs(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a model; of a Sequential of Keras 1, the configuration is their list."""
    inner = config.get("config")
    listed = inner if isinstance(inner, list) else _inner(config).get("layers", [])
    return [layer for layer in listed if isinstance(layer, Mapping)] if isinstance(listed, list) else []
