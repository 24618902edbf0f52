"""Crossentropies along the last axis and their gradients. N rows, C classes.

Probabilities are divided by their sum and clipped to [EPSILON, 1 - EPSILON]; no gradient flows where they are clipped.
`row` arrays have one number for each row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .elementwise import positive_part

Array = NDArray[Any]

EPSILON = 1e-7


def _rowwise(a: Array, b: Array, row: Array) -> None:
    np.einsum("nc,nc->n", a, b, out=row)


def log_probabilities(output: Array, from_logits: bool, p: Array, scale: Array, logs: Array) -> None:
    """p = probabilities before clipping, logs = log of the clipped ones. `scale` is the sum they were divided by.

    output (N, C)   p (N, C)   scale (N,)   logs (N, C)
    """
    if from_logits:
        np.maximum.reduce(output, axis=1, out=scale, initial=-np.inf)
        np.subtract(output, scale[:, None], out=logs)
        np.add.reduce(np.exp(logs, out=p), axis=1, out=scale)
        np.divide(p, scale[:, None], out=p)
        np.subtract(logs, np.log(scale, out=scale)[:, None], out=logs)
    else:
        np.add.reduce(output, axis=1, out=scale)
        np.divide(output, scale[:, None], out=p)
        np.log(np.clip(p, EPSILON, 1 - EPSILON, out=logs), out=logs)


def categorical(target: Array, logs: Array, y: Array) -> None:
    """y = -sum(target * logs)   target (N, C)   logs (N, C)   y (N,)"""
    _rowwise(target, logs, y)
    np.negative(y, out=y)


def categorical_gradient(
    dy: Array, target: Array, from_logits: bool, p: Array, scale: Array, row: Array, inside: Array, dx: Array
) -> None:
    """dx = gradient with respect to the output, from p and scale of `log_probabilities`."""
    if from_logits:
        np.add.reduce(target, axis=1, out=row)
        np.multiply(p, row[:, None], out=dx)
        np.subtract(dx, target, out=dx)
        np.multiply(dx, dy[:, None], out=dx)
        return
    np.clip(p, EPSILON, 1 - EPSILON, out=dx)
    np.equal(dx, p, out=inside)
    np.divide(target, dx, out=dx)
    np.multiply(dx, inside, out=dx)
    _rowwise(dx, p, row)
    np.subtract(row[:, None], dx, out=dx)
    np.divide(dy, scale, out=row)
    np.multiply(dx, row[:, None], out=dx)


def places(labels: Array, classes: int, index: Array) -> bool:
    """index = where each row's label lies in the flattened (N, C) array; returns whether all are in [0, C)."""
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        return False
    index.fill(classes)
    index[:1] = 0
    np.add.accumulate(index, out=index)
    np.add(index, labels, out=index, casting="unsafe")
    return True


def sparse_logits(output: Array, index: Array, y: Array, p: Array, scale: Array) -> None:
    """y = log(sum(exp(output))) - output[label], p = softmax(output)."""
    np.maximum.reduce(output, axis=1, out=scale, initial=-np.inf)
    np.take(output.reshape(-1), index, out=y, mode="clip")
    np.subtract(scale, y, out=y)
    np.exp(np.subtract(output, scale[:, None], out=p), out=p)
    np.add.reduce(p, axis=1, out=scale)
    np.divide(p, scale[:, None], out=p)
    np.add(y, np.log(scale, out=scale), out=y)


def sparse_logits_gradient(dy: Array, index: Array, p: Array, dx: Array) -> None:
    """dx = dy * (p - 1 at the label)"""
    np.multiply(p, dy[:, None], out=dx)
    np.subtract.at(dx.reshape(-1), index, dy)


def sparse_probabilities(output: Array, index: Array, y: Array, scale: Array, q: Array) -> None:
    """y = -log(clip(q)), where q = output[label] / sum(output)."""
    np.add.reduce(output, axis=1, out=scale)
    np.take(output.reshape(-1), index, out=q, mode="clip")
    np.divide(q, scale, out=q)
    np.log(np.clip(q, EPSILON, 1 - EPSILON, out=y), out=y)
    np.negative(y, out=y)


def sparse_probabilities_gradient(dy: Array, index: Array, scale: Array, q: Array, row: Array, dx: Array) -> None:
    """dx = (q - 1 at the label) * dy / (clip(q) * sum(output)), 0 where q is clipped."""
    np.clip(q, EPSILON, 1 - EPSILON, out=row)
    np.copyto(dx[:, :1], np.equal(row, q)[:, None])
    np.multiply(row, scale, out=row)
    np.divide(dy, row, out=row)
    np.multiply(row, dx[:, 0], out=row)
    np.multiply(q[:, None], row[:, None], out=dx)
    np.subtract.at(dx.reshape(-1), index, row)


def binary_logits(target: Array, output: Array, y: Array, scratch: Array) -> None:
    """y = max(output, 0) - output * target + log(1 + exp(-|output|))"""
    np.negative(np.absolute(output, out=scratch), out=scratch)
    np.log1p(np.exp(scratch, out=scratch), out=scratch)
    positive_part(output, y)
    np.add(scratch, y, out=y)
    np.subtract(y, np.multiply(output, target, out=scratch), out=y)


def binary_probabilities(target: Array, output: Array, y: Array, scratch: Array) -> None:
    """y = -(target * log(c) + (1 - target) * log(1 - c)), where c = clip(output)."""
    np.log(np.clip(output, EPSILON, 1 - EPSILON, out=y), out=y)
    np.multiply(y, target, out=y)
    np.subtract(1, np.clip(output, EPSILON, 1 - EPSILON, out=scratch), out=scratch)
    np.log(scratch, out=scratch)
    np.add(y, scratch, out=y)
    np.subtract(np.multiply(scratch, target, out=scratch), y, out=y)


def binary_probabilities_gradient(
    dy: Array, target: Array, output: Array, scratch: Array, inside: Array, dx: Array
) -> None:
    """dx = dy * (c - target) / (c * (1 - c)), 0 where the output is clipped."""
    np.clip(output, EPSILON, 1 - EPSILON, out=scratch)
    np.equal(scratch, output, out=inside)
    np.subtract(scratch, target, out=dx)
    np.divide(dx, scratch, out=dx)
    np.divide(dx, np.subtract(1, scratch, out=scratch), out=dx)
    np.multiply(dx, inside, out=dx)
    np.multiply(dx, dy, out=dx)
