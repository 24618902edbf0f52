"""Dropout of whole channels of volumes."""

from __future__ import annotations

from typing import Any

from .base_spatial_dropout import BaseSpatialDropout


class SpatialDropout3D(BaseSpatialDropout):
    """Drops channels of volumes as a whole. Arguments as in `BaseSpatialDropout`."""

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(3, rate, data_format, seed, name=name, dtype=dtype, **kwargs)
