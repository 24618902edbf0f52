"""The rectifier with learned slopes (He et al. 2015, arXiv:1502.01852)."""

from __future__ import annotations

from typing import Any

from dtrain import constraints, initializers, ops, regularizers

from ..arguments import plain_attributes
from ..input_spec import InputSpec
from ..layer import Layer


class PReLU(Layer):
    """`y = x if x >= 0 else alpha * x`

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: of `alpha`, one value for each place of a row.
        shared_axes: axes (from 1) along which all places share one value.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        shared = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if shared is None else list(shared)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make `alpha`, of the shape of a row with 1 for shared axes."""
        shared = self.shared_axes or []
        self.alpha = self.add_weight(
            tuple(1 if k in shared else n for k, n in enumerate(input_shape) if k > 0),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        lengths = {k: n for k, n in enumerate(input_shape) if k > 0 and k not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=lengths)

    def call(self, inputs: Any) -> Any:
        """The rectified inputs."""
        return ops.relu(inputs) - ops.multiply(self.alpha, ops.relu(-inputs))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(self, "alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"),
        }
