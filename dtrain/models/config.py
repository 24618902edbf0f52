"""Models as configurations in Keras 3's schema, and back; `to_json` and `model_from_json`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dtrain.graph.nest import map_structure
from dtrain.layers.constructor_config import constructor_config
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from .graph_config import graph_config
from .graph_reader import read_graph

if TYPE_CHECKING:
    from .model import Model
    from .sequential import Sequential

Config = dict[str, Any]


def functional_config(model: Model, base: Config) -> Config:
    """The configuration of a model: its graph, or the arguments of a constructor of the user's own.

    Raises:
        NotImplementedError: when the constructor's arguments cannot be written.
    """
    if model._graph is not None and _takes_graph(type(model)):
        return {"name": base["name"], "trainable": base["trainable"], **graph_config(model._graph)}
    return constructor_config(model, base, serialize_keras_object)


def functional_from_config(cls: type[Model], config: Config, custom_objects: Mapping[str, Any] | None) -> Model:
    """The model of a configuration as `functional_config` makes it."""
    if not {"layers", "input_layers", "output_layers"} <= config.keys():
        return cls(**config)
    from .functional import Functional
    from .model import Model

    inputs, outputs = read_graph(config, custom_objects)
    if cls in (Model, Functional):
        return Functional(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))
    rest = {key: value for key, value in config.items() if key not in ("layers", "input_layers", "output_layers")}
    return cls(inputs=inputs, outputs=outputs, **rest)


def sequential_config(model: Sequential, base: Config) -> Config:
    """The layers of a Sequential model with its Input, if it has one."""
    config = {**base, "layers": [serialize_keras_object(layer) for layer in model._layers]}
    if model._graph is not None:
        config["build_input_shape"] = list(model.inputs[0].shape)
    return config


def sequential_from_config(
    cls: type[Sequential], config: Config, custom_objects: Mapping[str, Any] | None
) -> Sequential:
    """The model of a configuration as `sequential_config` makes it."""
    model = cls(name=config.get("name"))
    for entry in config["layers"]:
        model.add(deserialize_keras_object(entry, custom_objects), rebuild=False)
    model._rebuild()
    shape = config.get("build_input_shape")
    if model._graph is None and shape:
        model.build(shape)
    if config.get("trainable") is False:
        model._trainable = False
    return model


def build_config(model: Model) -> Config | None:
    """The shape that a model was built for."""
    if not model.built:
        return None
    shape = map_structure(lambda t: t.shape, model._graph.inputs) if model._graph is not None else model._build_shapes
    return None if shape is None else {"input_shape": _plain_shape(shape)}


def _plain_shape(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: _plain_shape(value) for key, value in shape.items()}
    return [_plain_shape(n) for n in shape] if isinstance(shape, (list, tuple)) else shape


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """The model (without weights) that `model.to_json()` of dtrain or any Keras describes.

    Raises:
        ValueError, TypeError: for text that is no model's configuration.
    """
    from .model import Model

    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"model_from_json: expected JSON. Received: {json_string[:60]!r} ({error})") from None
    from dtrain.saving.config_size import check_size
    from dtrain.saving.legacy.config import modernized
    from dtrain.saving.model_file import named_errors

    version = str(config.get("keras_version", "3")) if isinstance(config, dict) else "3"
    with named_errors("model_from_json"):
        check_size(config)
        model = deserialize_keras_object(modernized(config, version), custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: expected the configuration of a model. Received that of a {model!r}")
    return model


def _takes_graph(cls: type[Model]) -> bool:
    """Whether a class is made by `cls(inputs, outputs)`, or hands on whatever it is given."""
    from .functional import Functional
    from .model import Model

    if cls.__init__ in (Model.__init__, Functional.__init__):
        return True
    kinds = {p.kind for p in inspect.signature(cls.__init__).parameters.values()}
    return {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds
