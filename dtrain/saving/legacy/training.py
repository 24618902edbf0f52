"""`training_config` of whole-model files: optimizer, loss, metrics of Keras 1, 2 and 3 as arguments of `compile`."""

from __future__ import annotations

from typing import Any

from dtrain.saving.serialization import deserialize_keras_object

from .config import modernized

Config = dict[str, Any]

_REDUCTIONS = {"auto": "sum_over_batch_size"}
_ACCURACIES = {"accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"}


def compile_arguments(config: Config, keras_version: str, output_names: list[str]) -> dict[str, Any]:
    """The arguments of `compile` that a training configuration stands for.

    Raises:
        TypeError, ValueError: for a loss, metric or optimizer that is not known.
    """
    optimizer = modernized({"module": None, **config["optimizer_config"]}, keras_version)
    return {
        "optimizer": deserialize_keras_object(optimizer),
        "loss": deserialize_keras_object(_loss(config.get("loss"))),
        "loss_weights": config.get("loss_weights"),
        "metrics": _metrics(config.get("metrics"), output_names),
        "weighted_metrics": _metrics(config.get("weighted_metrics"), output_names),
    }


def _loss(value: Any) -> Any:
    """Names stay names; objects of Keras 2 are freed of what only they had."""
    if isinstance(value, list):
        return [_loss(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _loss(item) for key, item in value.items()}
    if value["class_name"] == "function":
        return value
    inner = {key: item for key, item in (value.get("config") or {}).items() if key not in ("fn", "dtype")}
    if "reduction" in inner:
        inner["reduction"] = _REDUCTIONS.get(inner["reduction"], inner["reduction"])
    return {**value, "config": inner}


def _metrics(value: Any, output_names: list[str]) -> Any:
    """Metrics in the structure of the file; of a single output, as one list."""
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _metrics(item, output_names) for key, item in value.items()}
    if isinstance(value, list):
        if len(output_names) == 1 and len(value) == 1 and isinstance(value[0], list):
            return _metrics(value[0], output_names)
        return [_metrics(item, output_names) for item in value]
    return _metric(value, output_names) if isinstance(value, dict) else value


def _metric(entry: Config, output_names: list[str]) -> Any:
    """A metric of Keras 2: a function under a name, or an object."""
    config = entry.get("config") or {}
    if entry["class_name"] != "MeanMetricWrapper":
        return deserialize_keras_object(entry)
    function, name = config.get("fn"), str(config.get("name"))
    for output in output_names:
        name = name.removeprefix(f"{output}_")
    if isinstance(function, dict):
        return deserialize_keras_object(function)
    return name if function in _ACCURACIES and name in ("accuracy", "acc") else function
