"""Zeros around sequences."""

from __future__ import annotations

from typing import Any

from .base_zero_padding import BaseZeroPadding


class ZeroPadding1D(BaseZeroPadding):
    """Zeros around (N, T, C). Arguments as in `BaseZeroPadding`, or a pair (before, after)."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(1, padding if isinstance(padding, int) else (tuple(padding),), data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), "padding": self.padding[0]}
