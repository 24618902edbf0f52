"""Configurations of all generations of Keras in the form of today: renamed, completed, freed of dead entries."""

from __future__ import annotations

from typing import Any

from dtrain.layers.layer import Layer
from dtrain.models.op_config import find_op
from dtrain.saving.builtin_objects import find_class, is_builtin_module
from dtrain.saving.registration import get_registered_object

from . import tf_ops
from .keras1 import from_keras1
from .layer_config import fix_layer

Config = dict[str, Any]

_CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "Container": "Functional",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "Network": "Functional",
}


def modernized(config: Any, keras_version: str = "3") -> Any:
    """A configuration as today's classes take it; that of another generation is converted, today's stays as it is.

    Args:
        keras_version: that of the file, "1.2.2".

    Entries that no class knows are dropped: silently where they ask for nothing, otherwise with a warning.
    """
    generation = int(keras_version.partition(".")[0]) if keras_version[:1].isdigit() else 3
    return _modern(config, generation)


def _modern(value: Any, generation: int) -> Any:
    if isinstance(value, list):
        return [_modern(item, generation) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("class_name"), str) and "config" in value and value["class_name"][:2] != "__":
        value = _modern_entry(value, generation)
    return {key: _modern(item, generation) for key, item in value.items()}


def _modern_entry(entry: Config, generation: int) -> Config:
    if get_registered_object(entry.get("registered_name")) or get_registered_object(entry["class_name"]):
        return entry
    name, inner = entry["class_name"].removeprefix("Custom>"), entry["config"]
    if isinstance(inner, list) and name == "Sequential":
        inner = {"name": None, "layers": inner}
    if name == "Model" and isinstance(inner, dict) and "layers" in inner:
        name = "Functional"
    if not isinstance(inner, dict):
        return entry
    if name in tf_ops.CLASSES and "inbound_nodes" in entry:
        return tf_ops.as_operation(entry)
    if generation < 2:
        name, inner = from_keras1(name, inner)
    entry = {**entry, "class_name": _CLASSES.get(name, name), "config": dict(inner)}
    if entry["class_name"] != entry.get("registered_name") and "registered_name" in entry and generation < 3:
        entry["registered_name"] = None
    cls = _known_class(entry)
    if cls is None:
        return entry
    if issubclass(cls, Layer):
        fix_layer(cls, name, entry["config"], generation)
    else:
        _fix_other(cls, entry["config"])
    return entry


def _known_class(entry: Config) -> type | None:
    """The class of dtrain that an entry means; None for a user's class and for one that dtrain does not have."""
    module = entry.get("module")
    if "inbound_nodes" in entry and find_op(entry) is not None:
        return None
    return find_class(entry["class_name"], module) if is_builtin_module(module) else None


def _fix_other(cls: type, config: Config) -> None:
    """Initializers, optimizers and the like."""
    family = cls.__module__.split(".")[1]
    if family == "initializers":
        config.pop("dtype", None)
        if config.get("distribution") == "normal":
            config["distribution"] = "truncated_normal"
    elif family == "optimizers":
        _fix_optimizer(config)


def _fix_optimizer(config: Config) -> None:
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    decay = config.pop("decay", 0)
    if decay and not isinstance(config.get("learning_rate"), dict):
        rule = {"initial_learning_rate": config["learning_rate"], "decay_steps": 1, "decay_rate": decay}
        schedule = {"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "config": rule}
        config["learning_rate"] = schedule
    if "epsilon" in config and config["epsilon"] is None:  # Keras 2: the default
        del config["epsilon"]
