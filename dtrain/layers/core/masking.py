"""Steps of a sequence that do not count."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from ..layer import Layer


class Masking(Layer):
    """Masks the steps (N, T) of a sequence (N, T, ...) whose values all equal `mask_value`, and sets them to 0."""

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros for the masked steps."""
        return ops.where(self._counts(inputs, keepdims=True), inputs, 0.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """False for the steps that do not count."""
        return self._counts(inputs, keepdims=False)

    def _counts(self, inputs: Any, keepdims: bool) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=keepdims)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "mask_value")}
