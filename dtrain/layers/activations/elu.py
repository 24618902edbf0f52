"""The exponential linear unit (Clevert et al. 2015, arXiv:1511.07289)."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer


class ELU(Layer):
    """`y = x if x > 0 else alpha * (exp(x) - 1)`"""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """`elu(inputs)`"""
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "alpha")}
