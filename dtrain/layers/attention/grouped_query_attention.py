"""Attention whose heads share keys and values in groups (Ainslie et al. 2023, arXiv:2305.13245)."""

from __future__ import annotations

import math
from typing import Any

from dtrain import ops

from ..activations.softmax import Softmax
from ..arguments import positive_int
from .attention_masks import joint_mask
from .projections import ProjectedAttention


class GroupedQueryAttention(ProjectedAttention):
    """`MultiHeadAttention` of `num_query_heads` heads with fewer heads for keys and values.

    Query (N, T, Q), value (N, S, V), key (N, S, K); output (N, T, Q).

    Args:
        head_dim: length of a head's vectors.
        num_query_heads: number of heads of the query.
        num_key_value_heads: number of heads of key and value; divides `num_query_heads`.

    All other arguments as in `ProjectedAttention`.
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout,
            use_bias,
            sliding_window,
            flash_attention,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            use_gate,
            seed,
            **kwargs,
        )
        self.head_dim = positive_int("GroupedQueryAttention", "head_dim", head_dim)
        self.num_query_heads = positive_int("GroupedQueryAttention", "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive_int("GroupedQueryAttention", "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                "GroupedQueryAttention: num_key_value_heads must divide num_query_heads. "
                f"Received: {num_key_value_heads=}, {num_query_heads=}"
            )

    def build(  # type: ignore[override]  # a shape for each input
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the projections of query, key, value and output."""
        key_shape = value_shape if key_shape is None else key_shape
        self.check_steps(value_shape, key_shape)
        queries = (None, self.num_query_heads, self.head_dim)
        shared = (None, self.num_key_value_heads, self.head_dim)
        to_queries, to_shared = "bqm,muh->bquh", "bkm,mvh->bkvh"
        self._query_dense = self.project("query", to_queries, queries, "uh", query_shape)
        self._key_dense = self.project("key", to_shared, shared, "vh", key_shape)
        if self.use_gate:
            self._gate_dense = self.project("gate", to_queries, queries, "uh", query_shape, "sigmoid")
        self._value_dense = self.project("value", to_shared, shared, "vh", value_shape)
        self._softmax = Softmax(axis=-1, dtype=self.compute_dtype)
        self._dropout_layer = self.make_dropout()
        self._output_dense = self.project(
            "attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m", (None, *queries)
        )

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """What the query's steps gather from the values. Arguments as in `MultiHeadAttention.call`."""
        mask = joint_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask, self.sliding_window
        )
        repeats = self.num_query_heads // self.num_key_value_heads
        q = self._query_dense(query) * (1.0 / math.sqrt(self.head_dim))
        k = ops.repeat(self._key_dense(value if key is None else key), repeats, axis=2)
        v = ops.repeat(self._value_dense(value), repeats, axis=2)
        scores = ops.einsum("bquh,bkuh->buqk", q, k)
        weights = self._softmax(scores, mask=None if mask is None else ops.expand_dims(mask, -3))
        y = ops.einsum("buqk,bkuh->bquh", self._dropout_layer(weights, training=training), v)
        if self.use_gate:
            y = y * self._gate_dense(query)
        y = self._output_dense(y)
        return (y, weights) if return_attention_scores else y

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            **self.projection_config(),
        }
