"""Crossentropies together with the activation before them, one pass each."""

from __future__ import annotations

from dtrain.kernels.numpy import activation_losses as reference
from dtrain.kernels.numpy.activation_losses import Array, binary_target_gradient, crossentropy_target_gradient

from . import _native

__all__ = [
    "binary_target_gradient",
    "crossentropy",
    "crossentropy_target_gradient",
    "sigmoid_crossentropy",
    "sigmoid_crossentropy_gradient",
    "softmax_crossentropy_gradient",
    "softmax_of_labels",
    "softmax_of_labels_gradient",
]


def softmax_of_labels(x: Array, index: Array, p: Array, y: Array, row: Array) -> None:
    if not _native.softmax_of_labels(x, index, p, y):
        reference.softmax_of_labels(x, index, p, y, row)


def softmax_of_labels_gradient(dy: Array, index: Array, p: Array, row: Array, dx: Array) -> None:
    if not _native.softmax_of_labels_gradient(dy, index, p, dx):
        reference.softmax_of_labels_gradient(dy, index, p, row, dx)


def crossentropy(t: Array, p: Array, y: Array, scratch: Array) -> None:
    if not _native.crossentropy(t, p, y):
        reference.crossentropy(t, p, y, scratch)


def softmax_crossentropy_gradient(dy: Array, t: Array, p: Array, row: Array, scratch: Array, dx: Array) -> None:
    if not _native.softmax_crossentropy_gradient(dy, t, p, dx):
        reference.softmax_crossentropy_gradient(dy, t, p, row, scratch, dx)


def sigmoid_crossentropy(t: Array, x: Array, p: Array, y: Array, scratch: Array) -> None:
    if not _native.sigmoid_crossentropy(t, x, p, y):
        reference.sigmoid_crossentropy(t, x, p, y, scratch)


def sigmoid_crossentropy_gradient(dy: Array, t: Array, p: Array, scratch: Array, dx: Array) -> None:
    if not _native.sigmoid_crossentropy_gradient(dy, t, p, dx):
        reference.sigmoid_crossentropy_gradient(dy, t, p, scratch, dx)
