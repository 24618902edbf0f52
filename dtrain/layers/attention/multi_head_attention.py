"""Attention in several subspaces at once (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

from dtrain import ops

from ..activations.softmax import Softmax
from ..arguments import positive_int
from ..core.einsum_dense import EinsumDense
from .attention_masks import joint_mask
from .projections import ProjectedAttention


class MultiHeadAttention(ProjectedAttention):
    """`softmax(q @ k.T / sqrt(key_dim)) @ v` for each head, with q, k and v projections of query, key and value.

    N batch, T steps of the query, S steps of key and value: query (N, T, ..., Q), value (N, S, ..., V),
    key (N, S, ..., K); output (N, T, ..., Q).

    Args:
        num_heads: number of heads.
        key_dim: length of a head's query and key vectors.
        value_dim: length of a head's value vectors (None: `key_dim`).
        output_shape: lengths of the output instead of Q.
        attention_axes: the axes that attention runs along (None: all between those of the batch and the features).

    All other arguments as in `ProjectedAttention`.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        self.num_heads = positive_int("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = positive_int("MultiHeadAttention", "key_dim", key_dim)
        self.value_dim = positive_int("MultiHeadAttention", "value_dim", key_dim if value_dim is None else value_dim)
        self._given_output_shape = _as_lengths(output_shape)
        self._given_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes

    def build(  # type: ignore[override]  # a shape for each input
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the projections of query, key, value and output."""
        key_shape = value_shape if key_shape is None else key_shape
        self.check_steps(value_shape, key_shape)
        rank = len(query_shape)
        heads = self.num_heads
        self._query_dense = self._project_heads("query", query_shape, self.key_dim)
        self._key_dense = self._project_heads("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._project_heads("gate", query_shape, self.value_dim, "sigmoid")
        self._value_dense = self._project_heads("value", value_shape, self.value_dim)
        axes = range(1, rank - 1) if self._given_axes is None else self._given_axes
        self.attention_axes = tuple(axis if axis >= 0 else axis + rank for axis in axes)
        self._softmax = Softmax(axis=tuple(range(-len(self.attention_axes), 0)), dtype=self.compute_dtype)
        self._dropout_layer = self.make_dropout()
        outputs = tuple(self._given_output_shape or (query_shape[-1],))
        free, bound, new = _labels(rank - 1, 2, len(outputs))
        self._output_dense = self.project(
            "attention_output",
            f"{free}{bound},{bound}{new}->{free}{new}",
            (*(None,) * (rank - 2), *outputs),
            new,
            (*query_shape[:-1], heads, self.value_dim),
        )

    def _project_heads(self, name: str, shape: Any, length: int, activation: Any = None) -> EinsumDense:
        free, bound, new = _labels(len(shape) - 1, 1, 2)
        equation = f"{free}{bound},{bound}{new}->{free}{new}"
        sizes = (*(None,) * (len(shape) - 2), self.num_heads, length)
        return self.project(name, equation, sizes, new, shape, activation)

    @property
    def query_dense(self) -> EinsumDense:
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        return self._output_dense

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
        """What the query's steps gather from the values; with `return_attention_scores` also the weights.

        Args:
            attention_mask: (N, T, S), False where a step of the query must not see a step of the value.
            use_causal_mask: whether steps of the query see no later ones.
        """
        mask = joint_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask, self.sliding_window
        )
        q, k = self._query_dense(query), self._key_dense(value if key is None else key)
        y, weights = self._attend(q, k, self._value_dense(value), mask, training)
        if self.use_gate:
            y = y * self._gate_dense(query)
        y = self._output_dense(y)
        return (y, weights) if return_attention_scores else y

    def _attend(self, q: Any, k: Any, v: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        """Weights (N, ..., heads, T, S) and their sums of values (N, T, ..., heads, value_dim)."""
        target, source, weights_labels = _attention_labels(len(q.shape), self.attention_axes)
        scores = ops.einsum(f"{source},{target}->{weights_labels}", k, q * (1.0 / math.sqrt(self.key_dim)))
        if mask is not None:
            place = -2 * len(self.attention_axes) - 1
            for _ in range(len(scores.shape) - len(mask.shape)):
                mask = ops.expand_dims(mask, place)
        weights = self._softmax(scores, mask=mask)
        kept = self._dropout_layer(weights, training=training)
        return ops.einsum(f"{weights_labels},{source}->{target}", kept, v), weights

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the query."""
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "output_shape": None if self._given_output_shape is None else list(self._given_output_shape),
            "attention_axes": None if self._given_axes is None else list(self._given_axes),
            **self.projection_config(),
        }


def _as_lengths(output_shape: Any) -> tuple[int, ...] | None:
    if output_shape is None:
        return None
    lengths = output_shape if isinstance(output_shape, (list, tuple)) else (output_shape,)
    return tuple(positive_int("MultiHeadAttention", "output_shape", n) for n in lengths)


def _labels(free: int, bound: int, new: int) -> tuple[str, str, str]:
    """Distinct labels for the axes that stay, that are summed over, and that are new."""
    return ascii_lowercase[:free], ascii_lowercase[free : free + bound], ascii_lowercase[free + bound :][:new]


def _attention_labels(rank: int, axes: tuple[int, ...]) -> tuple[str, str, str]:
    """Labels of a projected query, of a projected key or value, and of the weights between their attention axes."""
    target = ascii_lowercase[:rank]
    others = iter(ascii_lowercase[rank:])
    source = "".join(next(others) if k in axes else target[k] for k in range(rank))
    kept = "".join(target[k] for k in range(rank - 1) if k not in axes)
    return target, source, kept + "".join(target[k] for k in axes) + "".join(source[k] for k in axes)
