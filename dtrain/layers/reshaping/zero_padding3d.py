"""Zeros around volumes."""

from __future__ import annotations

from typing import Any

from .base_zero_padding import BaseZeroPadding


class ZeroPadding3D(BaseZeroPadding):
    """Zeros around (N, D, H, W, C). Arguments as in `BaseZeroPadding`."""

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(3, padding, data_format, **kwargs)
