"""Normalization of each row by the statistics of groups of channels (Wu and He 2018, arXiv:1803.08494)."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.ops.normalization import group_normalization

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from .base_normalization import BaseNormalization


class GroupNormalization(BaseNormalization):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, mean and variance of each group of channels of a row.

    Args:
        groups: number of groups; -1 for one group for each channel (instance normalization).
        axis: the axis of the channels.

    All other arguments as in `BaseNormalization`.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ValueError(f"GroupNormalization: groups must be a positive integer or -1. Received: groups={groups}")
        self.groups = groups
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Make `gamma` and `beta`, one value for each channel."""
        channels = self.length_of(input_shape, self.axis)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"GroupNormalization {self.name!r}: groups must divide the number of channels. "
                f"Received: groups={self.groups}, {channels} channels"
            )
        self.add_gamma_and_beta((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        """The normalized rows."""
        gamma = ops.ones((inputs.shape[self.axis],), inputs.dtype) if self.gamma is None else self.gamma
        beta = ops.zeros((inputs.shape[self.axis],), inputs.dtype) if self.beta is None else self.beta
        return group_normalization(inputs, self.groups, gamma, beta, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "groups", "axis")}
