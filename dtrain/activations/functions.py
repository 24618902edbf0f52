"""The activations whose arguments or defaults are not those of the op of the same name."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.graph import as_tensor
from dtrain.graph.symbolic import symbolic


@symbolic
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """`min(x, max_value) if x > threshold else negative_slope * (x - threshold)`"""
    if negative_slope == 0 and max_value is None and threshold == 0:
        return ops.relu(x)
    tensor = as_tensor(x)
    y = tensor if threshold == 0 else ops.where(tensor > threshold, tensor, 0.0)
    y = ops.relu(y) if max_value is None else ops.clip(y, 0.0, max_value)
    return y if negative_slope == 0 else y - negative_slope * ops.relu(threshold - tensor)


@symbolic
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """`x if x >= 0 else negative_slope * x`"""
    return ops.leaky_relu(x, negative_slope)


@symbolic
def gelu(x: Any, approximate: bool = False) -> Any:
    """`x * P(X <= x)` for a standard normal X (Hendrycks and Gimpel 2016), or its approximation by tanh."""
    return ops.gelu(x, approximate)


@symbolic
def exponential(x: Any) -> Any:
    """`exp(x)`"""
    return ops.exp(x)


@symbolic
def linear(x: Any) -> Any:
    """`x`"""
    return as_tensor(x)


@symbolic
def softmax(x: Any, axis: int = -1) -> Any:
    """`exp(x) / sum(exp(x), axis)`"""
    return ops.softmax(x, axis)


@symbolic
def log_softmax(x: Any, axis: int = -1) -> Any:
    """`x - log(sum(exp(x), axis))`"""
    return ops.log_softmax(x, axis)
