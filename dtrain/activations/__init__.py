"""Activation functions, by name or as functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    log_sigmoid,
    mish,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)  # fmt: skip
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import resolve

from .functions import exponential, gelu, leaky_relu, linear, log_softmax, relu, softmax

_FUNCTIONS: dict[str, Any] = {
    function.__name__: function
    for function in (
        celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
        log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign,
        sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
    )
}  # fmt: skip
swish = silu
hard_swish = hard_silu
_KNOWN = {**_FUNCTIONS, "swish": silu, "hard_swish": hard_silu}

__all__ = [*_FUNCTIONS, "deserialize", "get", "hard_swish", "serialize", "swish"]


def get(identifier: Any) -> Any:
    """The activation meant by a name, a configuration or a callable; `linear` for None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return linear if identifier is None else resolve(identifier, _KNOWN, "activation")


def serialize(activation: Any) -> Any:
    """The name of a known activation, else its configuration."""
    name = getattr(activation, "__name__", None)
    if name in _FUNCTIONS and _FUNCTIONS[name] is activation:
        return name
    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation that a name or a configuration describes."""
    return get(config) if isinstance(config, str) else deserialize_keras_object(config, custom_objects)
