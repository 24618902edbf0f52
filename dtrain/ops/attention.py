"""Scaled dot-product attention. B batch, T S lengths of queries and keys, N K heads, H size of a head."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .activation import tanh
from .choice import where
from .contraction import einsum
from .probabilities import softmax
from .shaping import repeat


@symbolic
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """`softmax(query key^T * scale + bias) value` (Vaswani et al. 2017, arXiv:1706.03762, eq. 1).

    Args:
        query: (B, T, N, H).
        key, value: (B, S, K, H), where K divides N.
        bias: added to the logits; broadcasts to (B, N, T, S).
        mask: where it is False, nothing is looked at; broadcasts to (B, N, T, S).
        scale: `1 / sqrt(H)` if None.
        is_causal: whether position t sees positions up to t only.
        flash_attention: accepted for Keras's sake.
        attn_logits_soft_cap: logits are kept below it: `cap * tanh(logits / cap)`.
    """
    q, k, v = as_tensor(query), as_tensor(key), as_tensor(value)
    for name, x in (("query", q), ("key", k), ("value", v)):
        if x.ndim != 4:
            raise ValueError(
                f"dot_product_attention: expected {name} of 4 axes (batch, length, heads, size). "
                f"Received: shape {x.spec.global_shape}"
            )
    if k.shape[2] != q.shape[2]:
        k, v = (repeat(x, q.shape[2] // k.shape[2], axis=2) for x in (k, v))
    logits = einsum("btnh,bsnh->bnts", q, k) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if attn_logits_soft_cap is not None:
        logits = attn_logits_soft_cap * tanh(logits / attn_logits_soft_cap)
    if bias is not None:
        logits = logits + bias
    hidden = as_tensor(float(-0.7 * np.finfo(logits.spec.dtype).max), logits.spec.dtype)
    if mask is not None:
        logits = where(mask, logits, hidden)
    if is_causal:
        logits = where(np.tri(q.shape[1], k.shape[1], dtype=np.bool_), logits, hidden)
    return einsum("bnts,bsnh->btnh", softmax(logits), v)
