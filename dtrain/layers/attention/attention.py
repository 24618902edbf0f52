"""Attention by products of query and key (Luong et al. 2015, arXiv:1508.04025)."""

from __future__ import annotations

from typing import Any

from dtrain import ops, random
from dtrain.graph import Variable

from ..arguments import fraction, one_of, plain_attributes
from ..regularization.random_layer import RandomLayer
from ..shapes import is_shape
from .attention_masks import causal_mask

_FAR_BELOW = 1e9


class Attention(RandomLayer):
    """`softmax(scores(query, key)) @ value` for inputs `[query (N, T, D), value (N, S, V), key (N, S, D)]`.

    Without a key, the value is the key. Scores (N, T, S) are `scale * query @ key.T` ("dot") or
    `concat_score_weight * sum(tanh(scale * (query + key)))` ("concat").

    Args:
        use_scale: whether there is a variable `scale`.
        score_mode: "dot" or "concat".
        dropout: fraction of the attention weights that is dropped while training.
        seed: gives dropout a stream of its own.
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.built = False
        self.use_scale = use_scale
        self.score_mode = one_of(type(self).__name__, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = fraction(type(self).__name__, "dropout", dropout)

    def build(self, input_shape: Any) -> None:
        """Make `scale` and `concat_score_weight`, as asked for."""
        self._check(input_shape)
        self.scale: Variable | None = None
        self.concat_score_weight: Variable | None = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query: Any, key: Any) -> Any:
        """How much each step of the query wants of each step of the key, (N, T, S)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        sums = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)  # (N, T, S, D)
        if self.scale is not None:
            sums = ops.multiply(sums, self.scale)
        return ops.multiply(ops.sum(ops.tanh(sums), axis=-1), self.concat_score_weight)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """What the query's steps gather from the values (N, T, V).

        Args:
            mask: `[query's (N, T), value's (N, S)]`: hidden steps of the value are not seen, those of the query are 0.
            use_causal_mask: whether steps of the query see no later ones.
        """
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self.scores(query, key)
        visible: Any = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if use_causal_mask:
            causal = causal_mask(int(scores.shape[-2]), int(scores.shape[-1]))
            visible = causal if visible is None else ops.logical_and(visible, causal)
        if visible is not None:
            scores = ops.where(visible, scores, scores - _FAR_BELOW)
        weights = ops.softmax(scores, axis=-1)
        if training:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        y = ops.matmul(weights, value)
        if query_mask is not None:
            y = ops.where(ops.expand_dims(query_mask, -1), y, 0.0)
        return (y, weights) if return_attention_scores else y

    def _check(self, inputs: Any, mask: Any = None) -> None:
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3) or is_shape(inputs):
            raise ValueError(
                f"{type(self).__name__}: expected inputs [query, value] or [query, value, key]. Received: {inputs!r}"
            )
        if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) not in (2, len(inputs))):
            raise ValueError(
                f"{type(self).__name__}: expected mask to be a list: [query's or None, value's or None]. "
                f"Received: mask={mask!r}"
            )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the query."""
        self._check(inputs, mask)
        return None if not mask or mask[0] is None else ops.convert_to_tensor(mask[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "use_scale", "score_mode", "dropout", "seed")}
