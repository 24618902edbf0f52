"""Initializers that keep the variance of activations or gradients from layer to layer: Glorot, He, LeCun."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import DTypeLike

from dtrain.graph import Array
from dtrain.random.seed import SeedGenerator

from .random import RandomInitializer, draw_normal, draw_truncated_normal, draw_uniform

# The standard deviation of a standard normal number truncated to [-2, 2].
_TRUNCATED_STDDEV = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")
Seed = int | SeedGenerator | None
Axes = Sequence[int] | None


class VarianceScaling(RandomInitializer):
    """Numbers of variance `scale / n`, where n is `fan_in`, `fan_out` or their mean.

    - "truncated_normal": `stddev = sqrt(scale / n) / 0.8796`, so that the variance after truncation is right
    - "untruncated_normal": `stddev = sqrt(scale / n)`
    - "uniform": in `[-limit, limit)` with `limit = sqrt(3 * scale / n)`

    Args:
        scale: a number > 0.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes: axes whose lengths multiply to `fan_in`; the default is that of Dense and Conv kernels.
        output_axes: likewise for `fan_out`.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        name = type(self).__name__
        if scale <= 0:
            raise ValueError(f"{name}: scale must be a number > 0. Received: scale={scale!r}")
        if mode not in _MODES:
            raise ValueError(f"{name}: mode must be one of {', '.join(_MODES)}. Received: mode={mode!r}")
        distribution = "truncated_normal" if str(distribution).lower() == "normal" else str(distribution).lower()
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"{name}: distribution must be one of {', '.join(_DISTRIBUTIONS)}. "
                f"Received: distribution={distribution!r}"
            )
        super().__init__(seed)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Array:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        random = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return draw_uniform(random, shape, -limit, limit, dtype)
        if self.distribution == "untruncated_normal":
            return draw_normal(random, shape, 0.0, math.sqrt(variance), dtype)
        return draw_truncated_normal(random, shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **super().get_config(),
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """A fixed scale, mode and distribution under the name of an author."""

    rule: tuple[float, str, str]

    def __init__(self, seed: Seed = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(*self.rule, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {key: config[key] for key in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Named):
    """Uniform in `[-limit, limit)` with `limit = sqrt(6 / (fan_in + fan_out))`.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", equation 16.
    """

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal of variance `2 / (fan_in + fan_out)` (Glorot and Bengio 2010, equation 12)."""

    rule = (1.0, "fan_avg", "truncated_normal")


class HeNormal(_Named):
    """Truncated normal of variance `2 / fan_in`.

    He et al. 2015, "Delving deep into rectifiers", equation 10.
    """

    rule = (2.0, "fan_in", "truncated_normal")


class HeUniform(_Named):
    """Uniform in `[-limit, limit)` with `limit = sqrt(6 / fan_in)` (He et al. 2015)."""

    rule = (2.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal of variance `1 / fan_in`.

    LeCun et al. 1998, "Efficient backprop", section 4.6.
    """

    rule = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform in `[-limit, limit)` with `limit = sqrt(3 / fan_in)` (LeCun et al. 1998)."""

    rule = (1.0, "fan_in", "uniform")


def compute_fans(shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """How many inputs an output sums over, and how many outputs an input feeds, for a kernel of this shape.

    The last two axes are inputs and outputs; the axes before them (a convolution's window) count for both.
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window
