"""What the attention layers with learned projections have in common."""

from __future__ import annotations

from typing import Any

from dtrain import constraints, initializers, regularizers

from ..arguments import fraction, plain, positive_int
from ..core.einsum_dense import EinsumDense
from ..layer import Layer
from ..regularization.dropout import Dropout


class ProjectedAttention(Layer):
    """Holds the arguments of the projections, which are `EinsumDense` layers.

    Args:
        dropout: fraction of the attention weights that is dropped while training.
        use_bias: whether the projections have a bias.
        sliding_window: positions that are this far apart or farther do not see one another (None: all do).
        flash_attention: accepted as in Keras; it is a choice of kernels.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the projections' kernels.
        bias_initializer, bias_regularizer, bias_constraint: of their biases.
        activity_regularizer: of the projections' outputs.
        use_gate: whether outputs are multiplied by `sigmoid` of a further projection of the query.
        seed: gives dropout a stream of its own.
    """

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        self.dropout = fraction(name, "dropout", dropout)
        self.use_bias = use_bias
        self.use_gate = use_gate
        self.sliding_window = None if sliding_window is None else positive_int(name, "sliding_window", sliding_window)
        self.flash_attention = flash_attention
        self.seed = seed
        self.supports_masking = True
        self._projection: dict[str, Any] = {
            "kernel_initializer": initializers.get(kernel_initializer),
            "bias_initializer": initializers.get(bias_initializer),
            "kernel_regularizer": regularizers.get(kernel_regularizer),
            "bias_regularizer": regularizers.get(bias_regularizer),
            "activity_regularizer": regularizers.get(activity_regularizer),
            "kernel_constraint": constraints.get(kernel_constraint),
            "bias_constraint": constraints.get(bias_constraint),
        }

    def check_steps(self, value_shape: Any, key_shape: Any) -> None:
        """Raise ValueError unless value and key have the same steps."""
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: value and key must agree on all axes but the last. "
                f"Received: {tuple(value_shape)} and {tuple(key_shape)}"
            )

    def make_dropout(self) -> Dropout:
        """The layer that drops attention weights."""
        return Dropout(self.dropout, dtype=self.compute_dtype, seed=self.seed)

    def project(
        self, name: str, equation: str, output_shape: Any, bias_axes: str, input_shape: Any, activation: Any = None
    ) -> EinsumDense:
        """A projection, built for inputs of this shape, with initializers of its own."""
        from ..core.wrapper import build_inside

        own = {key: _again(self._projection[key]) for key in ("kernel_initializer", "bias_initializer")}
        layer = EinsumDense(
            equation,
            output_shape,
            activation,
            bias_axes if self.use_bias else None,
            name=name,
            dtype=self.compute_dtype,
            **{**self._projection, **own},
        )
        build_inside(layer, input_shape)
        return layer

    def projection_config(self) -> dict[str, Any]:
        """The arguments that all such layers share, as plain values."""
        shared = ("dropout", "use_bias", "use_gate", "sliding_window", "seed")
        return {
            **{name: getattr(self, name) for name in shared},
            **{name: plain(value) for name, value in self._projection.items()},
        }


def _again(initializer: Any) -> Any:
    """An initializer of the same configuration, so that no two projections start with the same numbers."""
    return type(initializer).from_config(initializer.get_config())
