"""Crossentropies together with the activation before them, and both their gradients as one.

The numbers are those of `crossentropy` for probabilities: they are clipped to [EPSILON, 1 - EPSILON], and no gradient
flows where they are. N rows, C classes, x (N, C) logits, p (N, C) probabilities; `row` arrays have a number a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .crossentropy import EPSILON, binary_probabilities
from .elementwise import sigmoid
from .softmax import softmax

Array = NDArray[Any]


def _clip(x: Array, y: Array) -> None:
    np.clip(x, EPSILON, 1 - EPSILON, out=y)


def softmax_of_labels(x: Array, index: Array, p: Array, y: Array, row: Array) -> None:
    """p = softmax(x), y = -log(p[label]); `index` (N,) is where each label lies in the flattened p."""
    softmax(x, p, row.reshape(-1, 1), 1)
    np.take(p.reshape(-1), index, out=y, mode="clip")
    _clip(y, y)
    np.negative(np.log(y, out=y), out=y)


def softmax_of_labels_gradient(dy: Array, index: Array, p: Array, row: Array, dx: Array) -> None:
    """dx = dy * (p - 1 at the label), 0 where the label's probability is clipped."""
    np.take(p.reshape(-1), index, out=row, mode="clip")
    inside = (row >= EPSILON) & (row <= 1 - EPSILON)
    np.multiply(dy, inside, out=row)
    np.multiply(p, row[:, None], out=dx)
    np.subtract.at(dx.reshape(-1), index, row)


def crossentropy(t: Array, p: Array, y: Array, scratch: Array) -> None:
    """y = -sum(t * log(p)), targets t (N, C)"""
    _clip(p, scratch)
    np.einsum("nc,nc->n", t, np.log(scratch, out=scratch), out=y)
    np.negative(y, out=y)


def softmax_crossentropy_gradient(dy: Array, t: Array, p: Array, row: Array, scratch: Array, dx: Array) -> None:
    """dx = dy * (p * sum(g) - g), where g = t, 0 where p is clipped."""
    _clip(p, scratch)
    np.equal(scratch, p, out=scratch)
    np.multiply(scratch, t, out=scratch)
    np.add.reduce(scratch, axis=1, out=row)
    np.multiply(p, row[:, None], out=dx)
    np.subtract(dx, scratch, out=dx)
    np.multiply(dx, dy[:, None], out=dx)


def crossentropy_target_gradient(dy: Array, p: Array, dt: Array) -> None:
    """dt = -dy * log(p)"""
    _clip(p, dt)
    np.multiply(np.log(dt, out=dt), dy[:, None], out=dt)
    np.negative(dt, out=dt)


def sigmoid_crossentropy(t: Array, x: Array, p: Array, y: Array, scratch: Array) -> None:
    """p = sigmoid(x), y = -(t * log(p) + (1 - t) * log(1 - p)), all of one shape"""
    sigmoid(x, p)
    binary_probabilities(t, p, y, scratch)


def binary_target_gradient(dy: Array, p: Array, scratch: Array, dt: Array) -> None:
    """dt = dy * log((1 - p) / p)"""
    _clip(p, dt)
    np.divide(np.subtract(1, dt, out=scratch), dt, out=scratch)
    np.multiply(np.log(scratch, out=scratch), dy, out=dt)


def sigmoid_crossentropy_gradient(dy: Array, t: Array, p: Array, scratch: Array, dx: Array) -> None:
    """dx = dy * (p - t), 0 where p is clipped."""
    _clip(p, scratch)
    np.equal(scratch, p, out=scratch)
    np.multiply(scratch, dy, out=scratch)
    np.subtract(p, t, out=dx)
    np.multiply(dx, scratch, out=dx)
