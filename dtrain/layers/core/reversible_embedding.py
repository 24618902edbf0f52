"""An embedding that also goes the other way (Press and Wolf 2016, arXiv:1608.05859)."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes
from .embedding import Embedding


class ReversibleEmbedding(Embedding):
    """`Embedding` that also maps vectors (..., output_dim) to scores (..., input_dim), with `reverse=True` in a call.

    The scores are `x @ embeddings.T`, or `x @ reverse_embeddings` without `tie_weights`.

    Args:
        tie_weights: whether both ways share their values.
        reverse_dtype: dtype of the way back (None: that of the layer).
        logit_soft_cap: keeps the scores between its negative and itself: `cap * tanh(scores / cap)`.

    All other arguments as in `Embedding`.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )

    def build(self, input_shape: Any = None) -> None:
        """Make `embeddings` (input_dim, output_dim) and, if they are not shared, `reverse_embeddings`."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim), self.embeddings_initializer, name="reverse_embeddings"
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The vectors of the inputs, or the scores of vectors."""
        if not reverse:
            vectors = super().call(inputs)
            vectors._keras_mask = super().compute_mask(inputs)
            return vectors
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, kernel = ops.cast(inputs, self.reverse_dtype), ops.cast(kernel, self.reverse_dtype)
        scores = ops.matmul(inputs, kernel)
        if self.logit_soft_cap is None:
            return scores
        return ops.tanh(scores / self.logit_soft_cap) * self.logit_soft_cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: `call` has put the mask on the vectors; scores have none."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(self, "tie_weights", "reverse_dtype", "logit_soft_cap"),
        }
