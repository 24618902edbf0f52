"""Dropout that keeps mean and variance of self-normalizing networks (Klambauer et al. 2017, arXiv:1706.02515)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import ops, random

from .dropout import Dropout

_LOWEST = -1.7580993408473766  # what selu approaches for x -> -infinity


class AlphaDropout(Dropout):
    """While training, sets a fraction `rate` of the values to the lowest value of `selu`, then scales and shifts all.

    Mean and variance stay what they were. Arguments as in `Dropout`.
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The inputs, with dropout while training."""
        if not training or self.rate == 0:
            return inputs
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(n if k is None else k for n, k in zip(shape, self.noise_shape, strict=True))
        keep = ops.cast(random.uniform(shape, seed=self.seed_generator) >= self.rate, inputs.dtype)
        scale = ((1 - self.rate) * (1 + self.rate * _LOWEST**2)) ** -0.5 if self.rate < 1 else 0.0
        dropped = inputs * keep + _LOWEST * (1.0 - keep)
        return scale * dropped - scale * _LOWEST * self.rate
