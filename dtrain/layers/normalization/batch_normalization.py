"""Normalization by the statistics of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167)."""

from __future__ import annotations

from typing import Any

from dtrain import initializers, ops
from dtrain.graph import Variable
from dtrain.ops.normalization import batch_normalize

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from .base_normalization import BaseNormalization
from .renormalization import RootOf, checked_clipping, composed, correction


class BatchNormalization(BaseNormalization):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`

    While training, mean and variance are those of the global batch, of all processes together, and the moving ones
    follow: `moving = momentum * moving + (1 - momentum) * batch`. In inference, and when the layer is frozen
    (`trainable=False`), the moving ones are used.

    Args:
        axis: the axis of the features.
        momentum: of the moving statistics.
        epsilon: added to the variance.
        center, scale: whether there are `beta` and `gamma`.
        renorm: whether the outputs of training are corrected towards those of inference. The layer then has the
            variables `moving_stddev`, of which `moving_variance` is the square, and `renorm_mean` and `renorm_stddev`.
        renorm_clipping: limits of the correction, `{"rmax", "rmin", "dmax"}`, none of them needed.
        renorm_momentum: of `renorm_mean` and `renorm_stddev`.
        synchronized: accepted as in Keras; statistics are always those of the global batch.

    Steps that a mask hides do not enter the statistics.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
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
        self.renorm = renorm
        self.renorm_clipping = checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.axis = _single_axis(axis)
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = synchronized

    def build(self, input_shape: Any) -> None:
        """Make `gamma`, `beta` and the moving statistics, one value for each feature."""
        features = self.length_of(input_shape, self.axis)
        self.add_gamma_and_beta((features,))
        self.moving_mean = self._statistic("moving_mean", features, self.moving_mean_initializer)
        self.moving_variance = self._statistic("moving_variance", features, self.moving_variance_initializer)
        if self.renorm:
            root = RootOf(self.moving_variance_initializer)
            self.moving_stddev = self._statistic("moving_stddev", features, root)
            self.renorm_mean = self._statistic("renorm_mean", features, self.moving_mean_initializer)
            self.renorm_stddev = self._statistic("renorm_stddev", features, root)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: features})

    def _statistic(self, name: str, features: int, initializer: Any) -> Variable:
        return self.add_weight((features,), initializer, trainable=False, name=name)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalized inputs."""
        if not (training and self.trainable):
            return self._normalize(inputs, self.moving_mean, self.moving_variance, self.gamma, self.beta)
        if self.renorm:
            return self._renormalize(inputs, mask)
        if mask is None:
            y, mean, variance = batch_normalize(inputs, self.gamma, self.beta, self.axis, self.epsilon)
        else:
            mean, variance = self._masked_statistics(inputs, mask)
            y = self._normalize(inputs, mean, variance, self.gamma, self.beta)
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance)
        return y

    def _renormalize(self, inputs: Any, mask: Any) -> Any:
        if mask is None:
            rank = len(inputs.shape)
            mean, variance = ops.moments(inputs, [k for k in range(rank) if k != self.axis % rank])
        else:
            mean, variance = self._masked_statistics(inputs, mask)
        stddev = ops.sqrt(variance + self.epsilon)
        r, d = correction(mean, stddev, self.renorm_mean, self.renorm_stddev, self.epsilon, self.renorm_clipping or {})
        gamma, beta = composed(r, d, self.gamma, self.beta)
        y = self._normalize(inputs, mean, variance, gamma, beta)
        self._follow(self.renorm_mean, mean, self.renorm_momentum)
        self._follow(self.renorm_stddev, stddev, self.renorm_momentum)
        self._follow(self.moving_mean, mean)
        moving = self._follow(self.moving_stddev, stddev)
        self.moving_variance.assign(ops.relu(ops.square(moving) - self.epsilon))
        return y

    def _normalize(self, inputs: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
        return ops.batch_normalization(inputs, mean, variance, self.axis, beta, gamma, self.epsilon)

    def _follow(self, moving: Any, batch: Any, momentum: float | None = None) -> Any:
        kept = self.momentum if momentum is None else momentum
        value = moving * kept + ops.stop_gradient(batch) * (1.0 - kept)
        moving.assign(value)
        return value

    def _masked_statistics(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        rank = len(inputs.shape)
        axes = tuple(k for k in range(rank) if k != self.axis % rank)
        weights = ops.cast(mask, inputs.dtype)
        for _ in range(rank - len(mask.shape)):
            weights = ops.expand_dims(weights, -1)
        count = ops.sum(ops.broadcast_to(weights, inputs.shape), axis=axes, keepdims=True)
        count = ops.maximum(count, 1e-7)  # all steps may be hidden
        mean = ops.sum(inputs * weights, axis=axes, keepdims=True) / count
        variance = ops.sum(ops.square(inputs - mean) * weights, axis=axes, keepdims=True) / count
        return ops.squeeze(mean, axes), ops.squeeze(variance, axes)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "axis", "momentum", "moving_mean_initializer", "moving_variance_initializer", "renorm",
                "renorm_clipping", "renorm_momentum", "synchronized",
            ),
        }  # fmt: skip


def _single_axis(axis: Any) -> int:
    """`axis` as an integer; Keras 2 writes a list of one into files."""
    single = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    if not isinstance(single, int):
        raise ValueError(f"BatchNormalization: axis must be an integer. Received: axis={axis!r}")
    return single
