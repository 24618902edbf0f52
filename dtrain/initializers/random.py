"""Initializers that draw independent numbers: normal, truncated normal, uniform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from dtrain.graph import Array
from dtrain.random.keys import generator
from dtrain.random.seed import SeedGenerator, check_seed, next_key
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.arguments import known_arguments

from .initializer import Initializer, dtype_of

_PURPOSE = "initializer"


class RandomInitializer(Initializer):
    """An initializer whose numbers are a function of its seed.

    Args:
        seed: an integer: every call gives the same numbers. A `SeedGenerator`: every call takes its next seed. None:
            every call takes the next key of the global seed, so `set_random_seed` makes a script repeatable and all
            processes of a job draw the same values.
    """

    def __init__(self, seed: int | SeedGenerator | dict[str, Any] | None = None) -> None:
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        if seed is not None and not isinstance(seed, SeedGenerator):
            seed = check_seed(type(self).__name__, seed)
        self.seed = seed

    def _generator(self) -> np.random.Generator:
        """The stream of this call."""
        if self.seed is None:
            return generator(*next_key(_PURPOSE))
        seed = self.seed.next() if isinstance(self.seed, SeedGenerator) else self.seed
        return generator(seed, _PURPOSE)

    def get_config(self) -> dict[str, Any]:
        return {"seed": serialize_keras_object(self.seed)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{"seed": None, **known_arguments(cls, config)})


class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: their mean.
        stddev: their standard deviation.
        seed: see `RandomInitializer`.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        return draw_normal(self._generator(), shape, self.mean, self.stddev, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomInitializer):
    """Normal numbers; those more than two standard deviations from the mean are drawn again.

    Args:
        mean: their mean.
        stddev: their standard deviation before truncation.
        seed: see `RandomInitializer`.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        return draw_truncated_normal(self._generator(), shape, self.mean, self.stddev, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class RandomUniform(RandomInitializer):
    """Uniform numbers in [minval, maxval).

    Args:
        minval: the lower bound.
        maxval: the upper bound.
        seed: see `RandomInitializer`.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | SeedGenerator | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        return draw_uniform(self._generator(), shape, self.minval, self.maxval, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


def draw_normal(
    random: np.random.Generator, shape: Sequence[int], mean: float, stddev: float, dtype: DTypeLike | None
) -> Array:
    """`mean + stddev * z` with z standard normal."""
    values: Array = random.standard_normal(tuple(shape), dtype=np.float64)
    values *= stddev
    values += mean
    return values.astype(dtype_of(dtype))


def draw_truncated_normal(
    random: np.random.Generator, shape: Sequence[int], mean: float, stddev: float, dtype: DTypeLike | None
) -> Array:
    """`mean + stddev * z` with z standard normal, redrawn while |z| > 2."""
    values: Array = random.standard_normal(int(np.prod(shape, dtype=np.int64)))
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = random.standard_normal(outside.size)
        outside = outside[np.abs(values[outside]) > 2]
    values *= stddev
    values += mean
    return values.reshape(tuple(shape)).astype(dtype_of(dtype))


def draw_uniform(
    random: np.random.Generator, shape: Sequence[int], minval: float, maxval: float, dtype: DTypeLike | None
) -> Array:
    """`minval + (maxval - minval) * u` with u uniform in [0, 1); for integers, minval <= value < maxval."""
    kind = dtype_of(dtype)
    if kind.kind in "iu":
        return random.integers(int(minval), int(maxval), tuple(shape), dtype=np.int64).astype(kind)
    values: Array = random.random(tuple(shape))
    values *= maxval - minval
    values += minval
    return values.astype(kind)
