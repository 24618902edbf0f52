"""A layer's weights divided by their largest singular value (Miyato et al. 2018, arXiv:1802.05957)."""

from __future__ import annotations

from typing import Any

from dtrain import initializers, ops

from ..arguments import plain_attributes, positive_int
from ..core.wrapper import Wrapper
from ..layer import Layer


class SpectralNormalization(Wrapper):
    """Divides the kernel (or embeddings) of `layer` by its spectral norm in every training step.

    Args:
        layer: has a variable `kernel` or `embeddings`.
        power_iterations: steps of the power method that follows the largest singular value from step to step.
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_int("SpectralNormalization", "power_iterations", power_iterations)

    def build(self, input_shape: Any = None) -> None:
        """Build the layer and make `vector_u` (1, O), the power method's estimate of a singular vector."""
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ValueError(
                f"SpectralNormalization: expected a layer with a `kernel` or `embeddings`. "
                f"Received: a {type(self.layer).__name__}"
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02), trainable=False, name="vector_u"
        )

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The layer's output, with normalized weights from the first training step on."""
        if training:
            u, kernel = self.normalized_weights()
            self.vector_u.assign(u)
            self.kernel.assign(kernel)
        return self.layer(inputs)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The next `vector_u`, and the kernel divided by its largest singular value as estimated with it."""
        matrix = ops.reshape(self.kernel.value, (-1, self.kernel.shape[-1]))
        u = self.vector_u.value
        for _ in range(self.power_iterations):
            v = _unit(ops.matmul(u, ops.transpose(matrix)))
            u = _unit(ops.matmul(v, matrix))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        sigma = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return u, self.kernel.value / ops.maximum(ops.reshape(sigma, ()), 1e-12)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "power_iterations")}


def _unit(row: Any) -> Any:
    return row * ops.rsqrt(ops.maximum(ops.sum(ops.square(row)), 1e-12))
