"""Attention by sums of query and key (Bahdanau et al. 2014, arXiv:1409.0473)."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from .attention import Attention


class AdditiveAttention(Attention):
    """`Attention` with scores `sum(scale * tanh(query + key))`; `scale` is a vector (D,).

    Args:
        use_scale: whether there is a variable `scale`.
        dropout: fraction of the attention weights that is dropped while training.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make `scale` (D,), if asked for."""
        self._check(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def scores(self, query: Any, key: Any) -> Any:
        """How much each step of the query wants of each step of the key, (N, T, S)."""
        sums = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))  # (N, T, S, D)
        return ops.sum(sums if self.scale is None else ops.multiply(sums, self.scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        config = super().get_config()
        del config["score_mode"]
        return config
