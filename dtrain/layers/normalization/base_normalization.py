"""What the normalizations with a learned scale and offset have in common."""

from __future__ import annotations

from typing import Any

from dtrain import constraints, initializers, regularizers

from ..arguments import plain_attributes
from ..layer import Layer


class BaseNormalization(Layer):
    """Holds `gamma` and `beta`.

    Args:
        epsilon: added to the variance.
        center, scale: whether there are `beta` and `gamma`.
        beta_initializer, gamma_initializer: their first values.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.
    """

    def __init__(
        self,
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
        super().__init__(**kwargs)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def add_gamma_and_beta(self, shape: tuple[int, ...], scale: bool | None = None, center: bool | None = None) -> None:
        """Make `gamma` and `beta` of this shape, or set them to None.

        Args:
            scale, center: whether there are `gamma` and `beta` (None: as the layer was told).
        """
        self.gamma = self.beta = None
        if self.scale if scale is None else scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center if center is None else center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def length_of(self, input_shape: Any, axis: int) -> int:
        """The length of an axis of the inputs.

        Raises:
            ValueError: when there is no such axis or its length is not known.
        """
        rank = len(input_shape)
        if not -rank <= axis < rank or input_shape[axis] is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: axis must be one of known length. "
                f"Received: axis={axis}, inputs of shape {tuple(input_shape)}"
            )
        return int(input_shape[axis])

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer",
                "gamma_regularizer", "beta_constraint", "gamma_constraint",
            ),
        }  # fmt: skip
