"""The error function and what is built on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import erf as erf_kernels
from dtrain.kernels import smooth

from .elementwise import RealFunction, float_dtype, unary


class Erf(RealFunction):
    """dx = dy * 2 / sqrt(pi) * exp(-x * x)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        erf_kernels.erf(x.astype(y.dtype, copy=False), y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.exp(np.negative(np.multiply(x, x, out=dx), out=dx), out=dx)
        np.multiply(np.multiply(dx, 2 / math.sqrt(math.pi), out=dx), dy, out=dx)


class Erfc(RealFunction):
    """dx = -dy * 2 / sqrt(pi) * exp(-x * x)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        erf_kernels.erfc(x.astype(y.dtype, copy=False), y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.exp(np.negative(np.multiply(x, x, out=dx), out=dx), out=dx)
        np.multiply(np.multiply(dx, -2 / math.sqrt(math.pi), out=dx), dy, out=dx)


class Gelu(Op):
    """y = x * cdf, cdf = (1 + erf(x / sqrt(2))) / 2, dx = dy * (cdf + x * exp(-x * x / 2) / sqrt(2 * pi))"""

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "cdf": y}

    @staticmethod
    def forward(x: Array, y: Array, cdf: Array) -> None:
        smooth.gelu(x, y, cdf)

    @staticmethod
    def dx(dy: Array, x: Array, cdf: Array, dx: Array) -> None:
        smooth.gelu_gradient(dy, x, cdf, dx)


class GeluTanh(Op):
    """y = x * (1 + t) / 2, t = tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))"""

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "t": y, "scratch": y}

    @staticmethod
    def forward(x: Array, y: Array, t: Array) -> None:
        smooth.gelu_tanh(x, y, t)

    @staticmethod
    def dx(dy: Array, x: Array, t: Array, scratch: Array, dx: Array) -> None:
        smooth.gelu_tanh_gradient(dy, x, t, scratch, dx)


@symbolic
def erf(x: Any) -> Tensor:
    """`2 / sqrt(pi) * integral of exp(-t * t) from 0 to x`"""
    return unary(Erf, x)


@symbolic
def erfc(x: Any) -> Tensor:
    """`1 - erf(x)`, with all digits where it is small."""
    return unary(Erfc, x)


@symbolic
def gelu(x: Any, approximate: bool = True) -> Tensor:
    """`x * P(X <= x)` for a standard normal X, by tanh if `approximate`.

    Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """
    return unary(GeluTanh if approximate else Gelu, x)
