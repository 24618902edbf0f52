"""The base of layers that act through another layer."""

from __future__ import annotations

from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from ..call_context import naming
from ..layer import Layer


class Wrapper(Layer):
    """Holds another layer as `layer` and builds it. Subclasses write `call`."""

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: expected a layer to wrap. Received: layer={layer!r}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the wrapped layer for inputs of this shape."""
        build_inside(self.layer, input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` describes."""
        config = dict(config)
        layer = deserialize_keras_object(config.pop("layer"), custom_objects)
        return cls(layer, **config)


def build_inside(layer: Layer, input_shape: Any) -> None:
    """Build a layer that is a part of the layer being built."""
    if not layer.built:
        with naming(layer.name):
            layer.build(input_shape)
        layer.built = True
