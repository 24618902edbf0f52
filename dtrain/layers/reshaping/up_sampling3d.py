"""Larger volumes."""

from __future__ import annotations

from typing import Any

from .base_up_sampling import BaseUpSampling


class UpSampling3D(BaseUpSampling):
    """Volumes with every value repeated along depth, height and width. Arguments as in `BaseUpSampling`."""

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(3, size, data_format, **kwargs)
