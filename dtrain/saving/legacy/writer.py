"""Whole models and weights in the HDF5 layout of Keras 1 and 2, with configurations as Keras 3 writes them there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from dtrain.graph import Array, Variable
from dtrain.saving.archive import FORMAT_VERSION
from dtrain.saving.hdf5 import Hdf5, Text, encode_hdf5
from dtrain.saving.same_object import mark_same_objects
from dtrain.saving.serialization import serialize_keras_object
from dtrain.saving.sharing import shared_objects
from dtrain.saving.weights import own_variables

from .layout import OPTIMIZER, TOP_LEVEL, WEIGHTS
from .weights import legacy_variables

Config = dict[str, Any]

# Short names, which Keras 3 cannot read in these files, its own included: the loss's full name, the metric's class.
_SHORT_NAMES = {
    "bce": ("binary_crossentropy", "BinaryCrossentropy"),
    "kld": ("kl_divergence", "KLDivergence"),
    "mae": ("mean_absolute_error", "MeanAbsoluteError"),
    "mape": ("mean_absolute_percentage_error", "MeanAbsolutePercentageError"),
    "mse": ("mean_squared_error", "MeanSquaredError"),
    "msle": ("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError"),
}
_HEADER: dict[str, Text] = {"backend": "numpy", "keras_version": FORMAT_VERSION}
# What Keras 3 writes beside class and configuration; its reader takes an entry with "module" for the form of `.keras`.
_NOT_HERE = ("module", "registered_name", "build_config", "compile_config")


def encode_weights(model: Any) -> bytes:
    """The bytes of an `.h5` file with the weights alone."""
    content = Hdf5()
    _add_weights(content, "", model)
    return encode_hdf5(content)


def encode_model(model: Any, include_optimizer: bool = True) -> bytes:
    """The bytes of an `.h5` file with architecture and weights, and what `compile` was told."""
    with shared_objects():
        entry = mark_same_objects(serialize_keras_object(model))
    training = entry.get("compile_config") if include_optimizer else None
    header = {**_HEADER, "model_config": json.dumps(_legacy_entry(entry))}
    if training is not None:
        header["training_config"] = json.dumps(_training_config(training))
    content = Hdf5(attributes={"": header})
    _add_weights(content, WEIGHTS, model)
    if training is not None:
        _add_arrays(content, OPTIMIZER, model.optimizer.variables)
    return encode_hdf5(content)


def _legacy_entry(entry: Config) -> Config:
    short = {key: value for key, value in entry.items() if key not in _NOT_HERE}
    if entry.get("module") is None and entry.get("registered_name"):
        short["class_name"] = entry["registered_name"]
    config = short["config"]
    if "layers" in config:
        short["config"] = {**config, "layers": [_legacy_entry(layer) for layer in config["layers"]]}
    return short


def _training_config(config: Config) -> Config:
    optimizer = config["optimizer"]
    rest = {key: value for key, value in config.items() if key != "optimizer"}
    rest["loss"] = _map_names(lambda name: _SHORT_NAMES.get(name.lower(), (name,))[0], rest.get("loss"))
    for key in ("metrics", "weighted_metrics"):
        rest[key] = _map_names(_metric, rest.get(key))
    return {**rest, "optimizer_config": {"class_name": optimizer["class_name"], "config": optimizer["config"]}}


def _metric(name: str) -> Any:
    """An object that logs under the short name."""
    if name.lower() not in _SHORT_NAMES:
        return name
    class_name = _SHORT_NAMES[name.lower()][1]
    return {"module": "keras.metrics", "class_name": class_name, "config": {"name": name}, "registered_name": None}


def _map_names(function: Callable[[str], Any], value: Any) -> Any:
    if isinstance(value, list):
        return [_map_names(function, item) for item in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _map_names(function, item) for key, item in value.items()}
    return function(value) if isinstance(value, str) else value


def _add_weights(content: Hdf5, root: str, model: Any) -> None:
    content.attributes[root] = {**_HEADER, "layer_names": [layer.name for layer in model.layers]}
    prefix = f"{root}/" if root else ""
    for layer in model.layers:
        _add_arrays(content, prefix + layer.name, legacy_variables(layer))
    _add_arrays(content, prefix + TOP_LEVEL, own_variables(model))


def _add_arrays(content: Hdf5, group: str, variables: Iterable[Variable]) -> None:
    arrays: dict[str, Array] = {}
    for variable in variables:
        name, number = variable.path, 0
        while name in arrays:
            number += 1
            name = f"{variable.path}_{number}"
        arrays[name] = variable.array
    content.attributes[group] = {"weight_names": list(arrays)}
    content.arrays.update((f"{group}/{name}", array) for name, array in arrays.items())
