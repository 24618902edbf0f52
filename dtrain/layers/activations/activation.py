"""An activation function as a layer."""

from __future__ import annotations

from typing import Any

from dtrain import activations

from ..arguments import plain_attributes
from ..layer import Layer


class Activation(Layer):
    """`y = activation(x)`, with a name or a function."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """`activation(inputs)`"""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "activation")}
