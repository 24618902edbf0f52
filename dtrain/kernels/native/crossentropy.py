"""Crossentropies of labels, one pass over the rows each; the others as NumPy does them."""

from __future__ import annotations

from dtrain.kernels.numpy import crossentropy as reference
from dtrain.kernels.numpy.crossentropy import (
    EPSILON,
    Array,
    binary_logits,
    binary_probabilities,
    binary_probabilities_gradient,
    categorical,
    categorical_gradient,
    log_probabilities,
    places,
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
