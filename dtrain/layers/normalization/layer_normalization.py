"""Normalization of each row by its own statistics (Ba et al. 2016, arXiv:1607.06450)."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import one_or_more_axes, plain_attributes
from .base_normalization import BaseNormalization


class LayerNormalization(BaseNormalization):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, mean and variance of each row over `axis`.

    Args:
        axis: the axis (or axes) that statistics are taken over; `gamma` and `beta` have their lengths.
        rms_scaling: `y = gamma * x / sqrt(variance + epsilon)`, without `beta`; kept for files of Keras 3, which call
            this so although it divides by no root mean square. `RMSNormalization` does.

    All other arguments as in `BaseNormalization`.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis = one_or_more_axes("LayerNormalization", axis)
        if not isinstance(self.axis, int):
            self.axis.sort()

    def build(self, input_shape: Any) -> None:
        """Make `gamma` and `beta`, of the lengths of `axis`."""
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        shape = tuple(self.length_of(input_shape, a) for a in axes)
        self.add_gamma_and_beta(shape, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Any) -> Any:
        """The normalized rows."""
        if not self.rms_scaling:
            return ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        variance = ops.var(inputs, axis=tuple(axes), keepdims=True)
        lengths = [1] * len(inputs.shape)
        for axis in axes:
            lengths[axis] = int(inputs.shape[axis])
        return inputs * ops.rsqrt(variance + self.epsilon) * ops.reshape(self.gamma, lengths)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "axis", "rms_scaling")}
