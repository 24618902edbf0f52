"""Crossentropies of labels and of two classes, one pass each; those of distributions as NumPy does them."""

from __future__ import annotations

from dtrain.kernels.numpy import crossentropy as reference
from dtrain.kernels.numpy.crossentropy import (
    EPSILON,
    Array,
    categorical,
    categorical_gradient,
    log_probabilities,
    sparse_logits_gradient,
)

from . import _native

__all__ = [
    "EPSILON",
    "binary_logits",
    "binary_probabilities",
    "binary_probabilities_gradient",
    "categorical",
    "categorical_gradient",
    "log_probabilities",
    "places",
    "sparse_logits",
    "sparse_logits_gradient",
    "sparse_probabilities",
    "sparse_probabilities_gradient",
]


def sparse_logits(output: Array, index: Array, y: Array, p: Array, scale: Array) -> None:
    if not _native.sparse_logits(output, index, y, p):
        reference.sparse_logits(output, index, y, p, scale)


def sparse_probabilities(output: Array, index: Array, y: Array, scale: Array, q: Array) -> None:
    if not _native.sparse_probabilities(output, index, y, scale, q):
        reference.sparse_probabilities(output, index, y, scale, q)


def sparse_probabilities_gradient(dy: Array, index: Array, scale: Array, q: Array, row: Array, dx: Array) -> None:
    if not _native.sparse_probabilities_gradient(dy, index, scale, q, dx):
        reference.sparse_probabilities_gradient(dy, index, scale, q, row, dx)


def places(labels: Array, classes: int, index: Array) -> bool:
    return _native.places(labels, classes, index) or reference.places(labels, classes, index)


def binary_logits(target: Array, output: Array, y: Array, scratch: Array) -> None:
    if not _native.binary_logits(target, output, y):
        reference.binary_logits(target, output, y, scratch)


def binary_probabilities(target: Array, output: Array, y: Array, scratch: Array) -> None:
    if not _native.binary_probabilities(target, output, y):
        reference.binary_probabilities(target, output, y, scratch)


def binary_probabilities_gradient(
    dy: Array, target: Array, output: Array, scratch: Array, inside: Array, dx: Array
) -> None:
    if not _native.binary_probabilities_gradient(dy, target, output, dx):
        reference.binary_probabilities_gradient(dy, target, output, scratch, inside, dx)
