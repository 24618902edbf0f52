"""The middle of volumes."""

from __future__ import annotations

from typing import Any

from .base_cropping import BaseCropping


class Cropping3D(BaseCropping):
    """The middle of (N, D, H, W, C). Arguments as in `BaseCropping`."""

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(3, cropping, data_format, **kwargs)
