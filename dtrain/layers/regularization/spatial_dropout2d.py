"""Dropout of whole channels of images."""

from __future__ import annotations

from typing import Any

from .base_spatial_dropout import BaseSpatialDropout


class SpatialDropout2D(BaseSpatialDropout):
    """Drops channels of images as a whole. Arguments as in `BaseSpatialDropout`."""

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(2, rate, data_format, seed, name=name, dtype=dtype, **kwargs)
