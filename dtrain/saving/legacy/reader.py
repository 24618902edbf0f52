"""Whole models in HDF5 of Keras 1, 2 and 3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dtrain.checkpoint.errors import DamagedError
from dtrain.saving.hdf5 import Hdf5, read_hdf5
from dtrain.saving.registration import custom_object_scope

from .layout import OPTIMIZER, WEIGHTS, ordered_arrays
from .optimizer import restore_optimizer
from .training import compile_arguments
from .weights import Assigned, assign_legacy_weights, variables_in_order

if TYPE_CHECKING:
    from dtrain.models import Model


def load_legacy_model(path: str, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool) -> Model:
    """The model of an `.h5` file, compiled if the file says how and `compile` is True.

    Raises:
        DamagedError: for a file that cannot be read.
        ValueError, TypeError: for a file without a model, unknown classes, code in safe mode.
    """
    from dtrain.saving.model_file import build_model, named_errors

    content = read_hdf5(path, path)
    if content.text("", "model_config") is None:
        raise ValueError(
            f"load_model: {path} holds no model's configuration, weights at most: make the model, then call "
            "model.load_weights(path)"
        )
    version = content.text("", "keras_version") or content.text(WEIGHTS, "keras_version") or "1"
    config = _json(content, "model_config", path)
    with custom_object_scope(custom_objects):
        model = build_model(config, version, None, False, safe_mode, path, content.nbytes)
        with named_errors(f"load_model: {path}"):
            assigned = assign_legacy_weights(model, content, source=path)
            if compile and content.text("", "training_config") is not None:
                _compile(model, content, version, assigned, path)
    return model


def _compile(model: Model, content: Hdf5, version: str, assigned: Assigned, path: str) -> None:
    training = _json(content, "training_config", path)
    names = model.output_names if model._graph is not None else ["output"]
    model.compile(**compile_arguments(training, version, names))
    trained = list(variables_in_order(model.layers))
    own = [v for v in model.trainable_weights if all(v is not other for other in trained)]
    model.optimizer.build(model.trainable_variables)
    arrays = ordered_arrays(content, OPTIMIZER, path)
    if arrays:
        restore_optimizer(model.optimizer, arrays, assigned.variables, [*trained, *own], path)


def _json(content: Hdf5, name: str, path: str) -> Any:
    try:
        value = json.loads(content.text("", name) or "")
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: its {name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise DamagedError(f"{path}: its {name} holds {type(value).__name__}, expected an object")
    return value
