"""The middle of sequences."""

from __future__ import annotations

from typing import Any

from .base_cropping import BaseCropping


class Cropping1D(BaseCropping):
    """The middle of (N, T, C). Arguments as in `BaseCropping`, or a pair (start, end)."""

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(1, cropping if isinstance(cropping, int) else (tuple(cropping),), "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["data_format"]
        return {**config, "cropping": self.cropping[0]}
