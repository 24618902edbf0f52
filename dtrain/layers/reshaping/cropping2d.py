"""The middle of images."""

from __future__ import annotations

from typing import Any

from .base_cropping import BaseCropping


class Cropping2D(BaseCropping):
    """The middle of (N, H, W, C). Arguments as in `BaseCropping`."""

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(2, cropping, data_format, **kwargs)
