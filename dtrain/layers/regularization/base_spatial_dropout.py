"""What the spatial dropout layers have in common (Tompson et al. 2014, arXiv:1411.4280)."""

from __future__ import annotations

from typing import Any

from dtrain import config

from ..input_spec import InputSpec
from .dropout import Dropout


class BaseSpatialDropout(Dropout):
    """Dropout of whole channels: at all places along `rank` axes or at none.

    Args:
        rank: number of axes that places lie along.
        rate: fraction of the channels in [0, 1].
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
        seed: gives the layer a stream of masks of its own.
    """

    def __init__(self, rank: int, rate: float, data_format: str | None, seed: int | None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.rank = rank
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)

    def mask_shape(self, inputs: Any) -> tuple[int | None, ...]:
        """One value for each row and channel."""
        places = (1,) * self.rank
        return (None, None, *places) if self.data_format == "channels_first" else (None, *places, None)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["noise_shape"], config["trainable"]  # which Keras's constructor does not take
        return {**config, "data_format": self.data_format}
