"""Activations without a corner that need more than their output for their slope: gelu in both forms, silu."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .elementwise import sigmoid
from .erf import erfc

Array = NDArray[Any]

_SQRT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_SCALE = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _SCALE


def gelu(x: Array, y: Array, cdf: Array) -> None:
    """y = x * cdf, cdf = (1 + erf(x / sqrt(2))) / 2"""
    np.multiply(x, -_SQRT_HALF, out=cdf)
    erfc(cdf, cdf)
    np.multiply(cdf, 0.5, out=cdf)
    np.multiply(x, cdf, out=y)


def gelu_gradient(dy: Array, x: Array, cdf: Array, dx: Array) -> None:
    """dx = dy * (cdf + x * exp(-x * x / 2) / sqrt(2 * pi))"""
    np.multiply(np.multiply(x, x, out=dx), -0.5, out=dx)
    np.multiply(np.exp(dx, out=dx), _DENSITY, out=dx)
    np.multiply(dx, x, out=dx)
    np.multiply(np.add(dx, cdf, out=dx), dy, out=dx)


def gelu_tanh(x: Array, y: Array, t: Array) -> None:
    """y = x * (1 + t) / 2, t = tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))"""
    np.multiply(x, x, out=t)
    np.multiply(t, _CUBIC, out=t)
    np.multiply(np.add(t, _SCALE, out=t), x, out=t)
    np.tanh(t, out=t)
    np.add(t, 1, out=y)
    np.multiply(np.multiply(y, x, out=y), 0.5, out=y)


def gelu_tanh_gradient(dy: Array, x: Array, t: Array, scratch: Array, dx: Array) -> None:
    """dx = dy * (1 + t + x * (1 - t * t) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)) / 2"""
    np.multiply(x, x, out=dx)
    np.multiply(dx, 3 * _CUBIC, out=dx)
    np.multiply(np.add(dx, _SCALE, out=dx), x, out=dx)
    np.subtract(1, np.multiply(t, t, out=scratch), out=scratch)
    np.multiply(dx, scratch, out=dx)
    np.add(np.add(dx, t, out=dx), 1, out=dx)
    np.multiply(np.multiply(dx, 0.5, out=dx), dy, out=dx)


def silu(x: Array, y: Array, s: Array) -> None:
    """y = x * s, s = sigmoid(x)"""
    sigmoid(x, s)
    np.multiply(x, s, out=y)


def silu_gradient(dy: Array, y: Array, s: Array, dx: Array) -> None:
    """dx = dy * (s + y * (1 - s))"""
    np.multiply(np.subtract(1, s, out=dx), y, out=dx)
    np.multiply(np.add(dx, s, out=dx), dy, out=dx)
