"""Layers one after the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..configuration import deserialize, serialize
from ..layer import Layer


class Pipeline(Layer):
    """Calls layers one after the other.

    Args:
        layers: the layers.
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        self.layers = list(layers)
        self._build_at_init()

    def call(self, inputs: Any, training: bool | None = True, mask: Any = None) -> Any:
        """What the last layer gives."""
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The configurations of the layers."""
        return {"name": self.name, "layers": [serialize(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """The layer that `get_config` describes."""
        return cls([deserialize(layer) for layer in config["layers"]], config.get("name"))
