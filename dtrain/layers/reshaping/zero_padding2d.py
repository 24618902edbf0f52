"""Zeros around images."""

from __future__ import annotations

from typing import Any

from .base_zero_padding import BaseZeroPadding


class ZeroPadding2D(BaseZeroPadding):
    """Zeros around (N, H, W, C). Arguments as in `BaseZeroPadding`."""

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(2, padding, data_format, **kwargs)
