"""Activations that are compositions: piecewise linear ones, shrinkages, gates."""

from __future__ import annotations

from typing import Any

from dtrain.graph import Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .activation import clip, elu, relu, sigmoid, softplus, tanh
from .choice import where
from .cutting import split
from .elementwise import absolute, negative, sqrt, square

_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772


@symbolic
def selu(x: Any) -> Tensor:
    """`1.0507 * elu(x, 1.6733)`, which keeps mean 0 and variance 1.

    Klambauer et al. 2017, arXiv:1706.02515, eq. 14.
    """
    return elu(x, _SELU_ALPHA) * _SELU_SCALE  # type: ignore[no-any-return]


@symbolic
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))` (Barron 2017, arXiv:1704.07483)."""
    return elu(as_tensor(x) / alpha) * alpha  # type: ignore[no-any-return]


@symbolic
def log_sigmoid(x: Any) -> Tensor:
    """`log(sigmoid(x))`"""
    return negative(softplus(negative(x)))


@symbolic
def hard_sigmoid(x: Any) -> Tensor:
    """`min(max(x / 6 + 1 / 2, 0), 1)`"""
    return clip(as_tensor(x) * (1 / 6) + 0.5, 0, 1)


@symbolic
def hard_silu(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)` (Howard et al. 2019, arXiv:1905.02244)."""
    return as_tensor(x) * hard_sigmoid(x)  # type: ignore[no-any-return]


hard_swish = hard_silu


@symbolic
def mish(x: Any) -> Tensor:
    """`x * tanh(softplus(x))` (Misra 2019, arXiv:1908.08681)."""
    return as_tensor(x) * tanh(softplus(x))  # type: ignore[no-any-return]


@symbolic
def glu(x: Any, axis: int = -1) -> Tensor:
    """`a * sigmoid(b)`, where a and b are the halves of x along `axis` (Dauphin et al. 2016, arXiv:1612.08083)."""
    a, b = split(x, 2, axis)
    return a * sigmoid(b)  # type: ignore[no-any-return]


@symbolic
def hard_tanh(x: Any) -> Tensor:
    """`min(max(x, -1), 1)`"""
    return clip(x, -1, 1)


@symbolic
def tanh_shrink(x: Any) -> Tensor:
    """`x - tanh(x)`"""
    return as_tensor(x) - tanh(x)  # type: ignore[no-any-return]


@symbolic
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` where `|x| > threshold`, else 0."""
    return as_tensor(x) * (absolute(x) > threshold)  # type: ignore[no-any-return]


@symbolic
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`sign(x) * max(|x| - threshold, 0)`"""
    return as_tensor(x) - clip(x, -threshold, threshold)  # type: ignore[no-any-return]


@symbolic
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where `x > threshold`, else `default_value`."""
    tensor = as_tensor(x)
    return where(tensor > threshold, tensor, default_value)  # type: ignore[no-any-return]


@symbolic
def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x * x + b)) / 2` (Barron 2021, arXiv:2112.11687)."""
    return (as_tensor(x) + sqrt(square(x) + b)) * 0.5  # type: ignore[no-any-return]


@symbolic
def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, `(x + 1) ** 2 / 4` up to 1, then x."""
    return square(clip(x, -1, 1) + 1) * 0.25 + relu(as_tensor(x) - 1)  # type: ignore[no-any-return]


@symbolic
def sparse_sigmoid(x: Any) -> Tensor:
    """`min(max((x + 1) / 2, 0), 1)`"""
    return clip(as_tensor(x) * 0.5 + 0.5, 0, 1)
