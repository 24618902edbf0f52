"""Inputs with mean 0 and variance 1, by the statistics of a data set."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Array, Tensor

from ..arguments import plain_attributes
from ..layer import Layer


class Normalization(Layer):
    """`y = (x - mean) / sqrt(variance)`, or with `invert` `x = y * sqrt(variance) + mean`.

    Args:
        axis: the axis (or axes) whose places have statistics of their own; None: one mean and variance for all values.
        mean, variance: the statistics, if they are known; else call `adapt(data)` before the model is used.
        invert: whether the layer undoes the normalization.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"Normalization: expected both mean and variance, or neither. Received: {mean=}, {variance=}"
            )
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(int(a) for a in axis)
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make `mean`, `variance` and `count`, unless the statistics were given."""
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(
                f"Normalization {self.name!r}: axis={self.axis} does not fit inputs of shape {input_shape}"
            )
        kept = sorted(a % rank for a in self.axis)
        self._kept = tuple(kept)
        self._statistics_shape = tuple(input_shape[k] for k in kept)
        self._broadcast_shape = tuple(input_shape[k] if k in kept else 1 for k in range(rank))
        if any(n is None for n in self._statistics_shape):
            raise ValueError(
                f"Normalization {self.name!r}: the lengths of axis={self.axis} must be known. "
                f"Received: inputs of shape {input_shape}"
            )
        if self.input_mean is None:
            shape = self._statistics_shape
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Take mean and variance of an array, or of all batches of an iterable.

        Raises:
            ValueError: when the statistics were given to the constructor, or there is no data.
        """
        if self.input_mean is not None:
            raise ValueError(f"Normalization {self.name!r} has its mean and variance already: adapt() is not needed")
        total, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in _batches(data):
            if not self.built:
                self.build((None, *batch.shape[1:]))
                self.built = True
            total, mean, variance = _merged(total, mean, variance, batch, self._kept)
        if total == 0:
            raise ValueError("Normalization.adapt: expected at least one value. Received: no data")
        if mean.shape != self._statistics_shape:
            raise ValueError(
                f"Normalization {self.name!r}: expected data of the shape that the layer was built for, with "
                f"{self._statistics_shape} means. Received: data with {mean.shape} means"
            )
        self.adapt_mean.assign(mean.astype(self.variable_dtype))
        self.adapt_variance.assign(variance.astype(self.variable_dtype))

    def call(self, inputs: Any) -> Any:
        """The normalized (or with `invert` the original) values."""
        x = ops.cast(inputs, self.compute_dtype)
        mean, deviation = self._mean_and_deviation()
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def _mean_and_deviation(self) -> tuple[Any, Any]:
        """Both in a shape that broadcasts to the inputs; the deviation is never 0."""
        if self.input_mean is None:
            mean = ops.reshape(self.adapt_mean, self._broadcast_shape)
            variance = ops.reshape(self.adapt_variance, self._broadcast_shape)
            return mean, ops.maximum(ops.sqrt(variance), config.epsilon())
        shape, kept = self._broadcast_shape, self._statistics_shape
        known = (np.broadcast_to(np.asarray(v, self.compute_dtype), kept) for v in self._given())
        given_mean, given_variance = (np.reshape(v, shape) for v in known)
        return given_mean, np.maximum(np.sqrt(given_variance), config.epsilon()).astype(self.compute_dtype)

    def _given(self) -> tuple[Any, Any]:
        """The constructor's statistics; those of one value without axes."""
        if self._kept:
            return self.input_mean, self.input_variance
        return np.reshape(self.input_mean, ()), np.reshape(self.input_variance, ())

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        statistics = {
            name: None if value is None else np.asarray(value).tolist()
            for name, value in (("mean", self.input_mean), ("variance", self.input_variance))
        }
        return {**super().get_config(), **plain_attributes(self, "invert"), "axis": list(self.axis), **statistics}


def _batches(data: Any) -> Iterable[Array]:
    """Arrays of rows; an element that is a tuple holds inputs and targets."""
    if isinstance(data, (np.ndarray, Tensor)):
        return [np.asarray(data)]
    return (np.asarray(batch[0] if isinstance(batch, tuple) else batch) for batch in data)


def _merged(total: int, mean: Array, variance: Array, batch: Array, kept: tuple[int, ...]) -> tuple[int, Array, Array]:
    """Count, mean and variance of the values so far and those of a batch together (Chan et al. 1979)."""
    axes = tuple(k for k in range(batch.ndim) if k not in kept)
    count = math.prod(batch.shape[k] for k in axes)
    values = batch.astype(np.float64)
    own_mean, own_variance = values.mean(axis=axes), values.var(axis=axes)
    share = count / (total + count)
    distance = own_mean - mean
    merged = variance * (1 - share) + own_variance * share + distance**2 * share * (1 - share)
    return total + count, mean + distance * share, merged
