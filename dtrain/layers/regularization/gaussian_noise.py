"""Normal noise."""

from __future__ import annotations

from typing import Any

from dtrain import random

from ..arguments import plain_attributes
from .random_layer import RandomLayer


class GaussianNoise(RandomLayer):
    """While training, adds normal numbers of mean 0.

    Args:
        stddev: their standard deviation, not below 0.
        seed: gives the layer a stream of numbers of its own.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if isinstance(stddev, bool) or not isinstance(stddev, (int, float)) or stddev < 0:
            raise ValueError(f"GaussianNoise: stddev must be a number not below 0. Received: stddev={stddev!r}")
        self.stddev = stddev

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The inputs, with noise while training."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(inputs.shape, stddev=self.stddev, dtype=inputs.dtype, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "stddev", "seed")}
