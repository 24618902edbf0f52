"""Multiplication by normal noise (Srivastava et al. 2014, section 10)."""

from __future__ import annotations

import math
from typing import Any

from dtrain import random

from ..arguments import plain_attributes
from .random_layer import RandomLayer


class GaussianDropout(RandomLayer):
    """While training, multiplies by normal numbers of mean 1 and standard deviation `sqrt(rate / (1 - rate))`.

    Args:
        rate: in [0, 1): the noise is as strong as dropout with this rate.
        seed: gives the layer a stream of numbers of its own.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
            raise ValueError(f"GaussianDropout: rate must be a number in [0, 1). Received: rate={rate!r}")
        self.rate = rate

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The inputs, with noise while training."""
        if not training or self.rate == 0:
            return inputs
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, deviation, inputs.dtype, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "rate", "seed")}
