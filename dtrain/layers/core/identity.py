"""A layer that changes nothing."""

from __future__ import annotations

from typing import Any

from ..layer import Layer


class Identity(Layer):
    """`y = x`, for a tensor or a structure of tensors."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs
