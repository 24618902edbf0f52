"""Steps of a sequence repeated."""

from __future__ import annotations

from typing import Any

from .base_up_sampling import BaseUpSampling


class UpSampling1D(BaseUpSampling):
    """(N, T, C) to (N, size * T, C): every step `size` times in a row."""

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(1, size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["data_format"]
        return {**config, "size": self.size[0]}
