"""Activations without a corner, and their gradients, in one pass."""

from __future__ import annotations

from dtrain.kernels.numpy import smooth as reference
from dtrain.kernels.numpy.smooth import Array

from . import _native


def gelu(x: Array, y: Array, cdf: Array) -> None:
    if not _native.gelu(x, y, cdf):
        reference.gelu(x, y, cdf)


def gelu_gradient(dy: Array, x: Array, cdf: Array, dx: Array) -> None:
    if not _native.gelu_gradient(dy, x, cdf, dx):
        reference.gelu_gradient(dy, x, cdf, dx)


def gelu_tanh(x: Array, y: Array, t: Array) -> None:
    if not _native.gelu_tanh(x, y, t):
        reference.gelu_tanh(x, y, t)


def gelu_tanh_gradient(dy: Array, x: Array, t: Array, scratch: Array, dx: Array) -> None:
    if not _native.gelu_tanh_gradient(dy, x, t, dx):
        reference.gelu_tanh_gradient(dy, x, t, scratch, dx)


def silu(x: Array, y: Array, s: Array) -> None:
    if not _native.silu(x, y, s):
        reference.silu(x, y, s)


def silu_gradient(dy: Array, y: Array, s: Array, dx: Array) -> None:
    if not _native.silu_gradient(dy, y, s, dx):
        reference.silu_gradient(dy, y, s, dx)
