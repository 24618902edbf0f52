"""A penalty on a layer's output."""

from __future__ import annotations

from typing import Any

from dtrain import regularizers

from ..arguments import plain_attributes
from ..layer import Layer


class ActivityRegularization(Layer):
    """`y = x`; adds `l1 * sum(|x|) + l2 * sum(x ** 2)`, divided by the batch size, to the loss."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["activity_regularizer"]
        return {**config, **plain_attributes(self, "l1", "l2")}
