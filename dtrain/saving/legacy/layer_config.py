"""Configurations of layers of all generations of Keras as today's constructors take them."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from dtrain.layers.layer import Layer

Config = dict[str, Any]

# Entries with a value that no longer mean anything.
_DEAD = {
    "fused", "groups", "implementation", "input_dtype", "input_length", "input_spec", "kernel_initializer", "optional",
    "renorm_clipping", "renorm_momentum", "seed_generator", "use_legacy_config", "virtual_batch_size",
}  # fmt: skip
_HANDED_ON = {"zero_output_for_mask"}
_SHAPES = {"batch_input_shape", "batch_size", "input_dim", "input_shape"}
_NARROW = {"bfloat16", "float16", "mixed_bfloat16", "mixed_float16"}


def fix_layer(cls: type, old_name: str, config: Config, generation: int) -> None:
    """Convert, in place, the configuration of a layer that its file calls `old_name`."""
    if "layers" in config:
        _fix_model(config, generation)
        return
    if cls.__name__ == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if isinstance(config.get("axis"), list) and len(config["axis"]) == 1 and cls.__name__ == "BatchNormalization":
        config["axis"] = config["axis"][0]
    if cls.__name__ == "LeakyReLU" and "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
    if cls.__name__ == "GRU" and generation < 3:
        config.setdefault("reset_after", old_name == "CuDNNGRU")
    if cls.__name__ == "Lambda":
        _fix_lambda(config)
    if generation < 3:
        _fix_activations(config)
    _fix_dtype(config)
    _drop_unknown(cls, config)


def _fix_model(config: Config, generation: int) -> None:
    """Only the first layer of a Sequential model may carry the shape of its inputs; one tensor is no list of one."""
    config.pop("dtype", None)
    for key in ("input_layers", "output_layers") if generation < 3 else ():
        places = config.get(key)
        if isinstance(places, list) and len(places) == 1 and isinstance(places[0], list):
            config[key] = places[0]
    in_sequence = "input_layers" not in config
    for number, layer in enumerate(config["layers"]):
        may_carry = layer.get("class_name") == "InputLayer" or (in_sequence and number == 0)
        if isinstance(layer.get("config"), dict) and not may_carry:
            layer["config"].pop("batch_input_shape", None)


def _fix_lambda(config: Config) -> None:
    function = config.get("function")
    if isinstance(function, list):
        config["function"] = {"class_name": "__lambda__", "config": {"value": function}}
    for key in ("function_type", "module", "output_shape_type", "output_shape_module", "output_shape"):
        if config.get(key) is None or key != "output_shape":
            config.pop(key, None)


def _fix_activations(config: Config) -> None:
    """Keras 3 has given `hard_sigmoid` another slope."""
    from .activations import OLD_HARD_SIGMOID

    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = OLD_HARD_SIGMOID


def _fix_dtype(config: Config) -> None:
    dtype = config.get("dtype")
    name = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    if name in _NARROW:
        warnings.warn(f"{config.get('name')}: {name} is not available; float32 is used", stacklevel=2)
        config["dtype"] = "float32"


def _drop_unknown(cls: type, config: Config) -> None:
    known = _parameters(cls) | ({"batch_input_shape"} if "batch_input_shape" in config else _SHAPES)
    for key in [key for key in config if key not in known]:
        value = config.pop(key)
        if value and key not in _DEAD | _SHAPES:
            warnings.warn(
                f"{cls.__name__} {config.get('name')!r}: the file's entry {key}={value!r} is not known and is ignored",
                stacklevel=2,
            )


def _parameters(cls: type) -> set[str]:
    """The names that a layer's constructor takes: its own, and those of all layers if it hands on the rest.

    Those of a class between do not count, apart from `_HANDED_ON`: what a constructor does not name, it may set itself.
    """
    names: set[str] = set()
    for owner in (c for c in cls.__mro__ if "__init__" in vars(c)):
        parameters = inspect.signature(vars(owner)["__init__"]).parameters.values()
        named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)} - {"self"}
        names |= named if not names else named & _HANDED_ON
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return names
    return names | set(inspect.signature(Layer.__init__).parameters) - {"self", "kwargs"}
