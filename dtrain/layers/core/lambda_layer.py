"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from ..layer import Layer


class Lambda(Layer):
    """`y = function(x, **arguments)`, written with `dtrain.ops`.

    A model with a Python lambda can be saved, but loading it runs code from the file and so needs `safe_mode=False`:
    a named function decorated with `register_keras_serializable` is the better choice.

    Args:
        function: takes the inputs, and `mask` and `training` if it has parameters of these names.
        output_shape: accepted as in Keras; shapes are found by tracing the function.
        mask: the mask of the output, or a function `mask(inputs, previous_mask)`.
        arguments: further keyword arguments of the function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(f"Lambda: expected a function. Received: function={function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self._build_at_init()
        self._given_output_shape = output_shape
        names = inspect.signature(function).parameters
        self._takes = tuple(name for name in ("mask", "training") if name in names)

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """`function(inputs)`"""
        context = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: context[name] for name in self._takes})

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """What `mask` is or returns; None without it."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values; a lambda as its compiled code."""
        config = {
            **super().get_config(),
            "function": _write(self.function),
            "arguments": serialize_keras_object(self.arguments),
        }
        if self._given_output_shape is not None:
            config["output_shape"] = _write(self._given_output_shape)
        if self.mask is not None:
            config["mask"] = _write(self.mask)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool = True) -> Lambda:
        """The layer that `get_config` describes.

        Raises:
            ValueError: for Python code in the configuration, unless `safe_mode=False`.
        """
        parts = ("function", "output_shape", "mask", "arguments")
        read = {
            key: deserialize_keras_object(_read(config[key]), custom_objects, safe_mode=safe_mode)
            for key in parts
            if key in config
        }
        return cls(**{**config, **read})


_CODE = ("code", "defaults", "closure")


def _write(value: Any) -> Any:
    """`value` as a plain value; in Keras's files, a Lambda layer names the parts of a Python lambda."""
    config = serialize_keras_object(value)
    if isinstance(config, dict) and config.get("class_name") == "__lambda__":
        config = {"class_name": "__lambda__", "config": dict(zip(_CODE, config["config"]["value"], strict=True))}
    return config


def _read(config: Any) -> Any:
    """The inverse of the change that `_write` makes."""
    if isinstance(config, dict) and config.get("class_name") == "__lambda__" and "code" in config["config"]:
        return {"class_name": "__lambda__", "config": {"value": [config["config"].get(part) for part in _CODE]}}
    return config
