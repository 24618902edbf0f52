"""Dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain import random

from ..arguments import fraction, plain_attributes, positive_int
from .random_layer import RandomLayer


class Dropout(RandomLayer):
    """While training, sets a fraction `rate` of the values to 0 and divides the others by `1 - rate`.

    What is dropped for a row depends on the seed, the step and the row's place in the global batch: on the same rows,
    it is the same for any number of processes.

    Args:
        rate: fraction in [0, 1].
        noise_shape: shape of the mask that is broadcast to the input (None: the input's shape; within it, None: that
            length of the input).
        seed: gives the layer a stream of masks of its own.
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = fraction(type(self).__name__, "rate", rate)
        self.noise_shape = _checked_shape(type(self).__name__, noise_shape)

    def mask_shape(self, inputs: Any) -> tuple[int | None, ...] | None:
        """The shape of the mask: None for the input's, within it None for that length of the input."""
        return self.noise_shape

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The inputs, with dropout while training."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, self.mask_shape(inputs), self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "rate", "noise_shape", "seed")}


def _checked_shape(layer: str, noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    if not isinstance(noise_shape, (list, tuple)):
        raise ValueError(f"{layer}: noise_shape must be a list or tuple. Received: noise_shape={noise_shape!r}")
    return tuple(None if n is None else positive_int(layer, "noise_shape", n) for n in noise_shape)
