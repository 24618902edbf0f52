"""Activations that fused kernels apply, and their slopes, vectorised."""

from __future__ import annotations

from dtrain.kernels.numpy import elementwise as reference
from dtrain.kernels.numpy.elementwise import FUSIBLE, Array, negative_part

from . import _native

__all__ = ["ACTIVATIONS", "FUSIBLE", "activate", "negative_part", "positive_part", "scale_by_slope", "sigmoid"]

ACTIVATIONS = {"linear": 0, "relu": 1, "sigmoid": 2, "tanh": 3}
"""Their numbers in the compiled code."""


def positive_part(x: Array, y: Array) -> None:
    if not _native.activate(1, x, y):
        reference.positive_part(x, y)


def sigmoid(x: Array, y: Array) -> None:
    if not _native.activate(2, x, y):
        reference.sigmoid(x, y)


def activate(activation: str, x: Array, y: Array) -> None:
    if activation == "linear" and y is x:
        return
    if not _native.activate(ACTIVATIONS[activation], x, y):
        reference.activate(activation, x, y)


def scale_by_slope(activation: str, dy: Array, y: Array, dx: Array, mask: Array) -> None:
    if not _native.slope(ACTIVATIONS[activation], dy, y, dx):
        reference.scale_by_slope(activation, dy, y, dx, mask)
