"""Gradients of gradients: those of finite differences, and the first ones those of arrays."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain import GradientTape, ops
from dtrain.graph import Variable

RNG = np.random.default_rng(7)


def numbers(*shape, low=-1.0, high=1.0):
    return RNG.uniform(low, high, shape)


X = numbers(3, 4)
IMAGE = numbers(2, 6, 5, 4)
FEATURES = numbers(4, 6)
LABELS = np.array([2, 0, 3])
SHARES = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])

CASES = {
    "negative": (lambda x: -x * x, X),
    "absolute": (lambda x: ops.absolute(x) * x, X),
    "square": (ops.square, X),
    "exp": (ops.exp, X),
    "expm1": (ops.expm1, X),
    "log": (ops.log, X + 2),
    "log1p": (ops.log1p, X + 2),
    "sqrt": (ops.sqrt, X + 2),
    "rsqrt": (ops.rsqrt, X + 2),
    "reciprocal": (ops.reciprocal, X + 2),
    "cbrt": (ops.cbrt, X + 2),
    "copy": (lambda x: ops.copy(x) ** 3, X),
    "sin": (ops.sin, X),
    "cos": (ops.cos, X),
    "tan": (ops.tan, X),
    "sinh": (ops.sinh, X),
    "cosh": (ops.cosh, X),
    "tanh": (ops.tanh, X),
    "arcsin": (ops.arcsin, X * 0.9),
    "arccos": (ops.arccos, X * 0.9),
    "arctan": (ops.arctan, X),
    "arcsinh": (ops.arcsinh, X),
    "arccosh": (ops.arccosh, X + 2.5),
    "arctanh": (ops.arctanh, X * 0.9),
    "erf": (ops.erf, X),
    "erfc": (ops.erfc, X),
    "erfinv": (ops.erfinv, X * 0.9),
    "relu": (lambda x: ops.relu(x) ** 3, X),
    "leaky_relu": (lambda x: ops.leaky_relu(x) ** 3, X),
    "elu": (ops.elu, X),
    "selu": (ops.selu, X),
    "clip": (lambda x: ops.clip(x, -0.5, 0.5) ** 3, X),
    "sigmoid": (ops.sigmoid, X),
    "softplus": (ops.softplus, X),
    "softsign": (ops.softsign, X),
    "silu": (ops.silu, X),
    "gelu": (lambda x: ops.gelu(x, approximate=False), X),
    "gelu_tanh": (ops.gelu, X),
    "softmax": (ops.softmax, X),
    "log_softmax": (ops.log_softmax, X),
    "sparsemax": (lambda x: ops.sparsemax(x) ** 2, X),
    "add": (lambda x, y: (x + y) ** 3, X, numbers(4)),
    "subtract": (lambda x, y: (x - y) ** 3, X, numbers(3, 1)),
    "multiply": (lambda x, y: x * y, X, numbers(4)),
    "divide": (lambda x, y: x / y, X, numbers(4) + 2),
    "mod": (lambda x, y: (x % y) ** 2, X + 3, numbers(4, low=0.6, high=0.9)),
    "maximum": (lambda x, y: ops.maximum(x, y) ** 3, X, numbers(4)),
    "minimum": (lambda x, y: ops.minimum(x, y) ** 3, X, numbers(4)),
    "where": (lambda x, y: ops.where(X > 0, x, y) ** 3, X, numbers(4)),
    "power": (lambda x, y: x**y, X + 2, numbers(4) + 2),
    "arctan2": (ops.arctan2, X + 2, numbers(4) + 2),
    "sum": (lambda x: ops.sum(x, 0) ** 3, X),
    "mean": (lambda x: ops.mean(x, 1, keepdims=True) ** 3, X),
    "var": (lambda x: ops.var(x, 1) ** 2, X),
    "norm": (lambda x: ops.norm(x, axis=1), X),
    "max": (lambda x: ops.max(x, 1) ** 3, X),
    "min": (lambda x: ops.min(x, 0, keepdims=True) ** 3, X),
    "logsumexp": (lambda x: ops.logsumexp(x, 1), X),
    "reshape": (lambda x: ops.reshape(x, (2, 6)) ** 3, X),
    "transpose": (lambda x: ops.transpose(x) ** 3, X),
    "moved_axes": (lambda x: ops.transpose(x, (2, 0, 3, 1)) ** 3, IMAGE),
    "broadcast_to": (lambda x: ops.broadcast_to(x, (2, 3, 4)) ** 3, X),
    "concatenate": (lambda x, y: ops.concatenate([x, y, x], 1) ** 3, X, numbers(3, 2)),
    "stack": (lambda x, y: ops.stack([x, y]) ** 3, X, numbers(3, 4)),
    "slice": (lambda x: x[1:, ::-2] ** 3, X),
    "index": (lambda x: x[[0, 2, 0], [1, 1, 1]] ** 3, X),
    "take": (lambda x: ops.take(x, [0, 2, 2], axis=1) ** 3, X),
    "take_along_axis": (lambda x: ops.take_along_axis(x, LABELS[:, None], 1) ** 3, X),
    "pad": (lambda x: ops.pad(x, ((1, 0), (2, 1)), constant_values=0.5) ** 3, X),
    "flip": (lambda x: ops.flip(x, 1) ** 3, X),
    "diagonal": (lambda x: ops.diagonal(x, 1) ** 3, X),
    "diag": (lambda x: ops.diag(x, 1) ** 3, numbers(3)),
    "tril": (lambda x: ops.tril(x) ** 3, X),
    "cumsum": (lambda x: ops.cumsum(x, 1) ** 3, X),
    "matmul": (lambda x, y: ops.matmul(x, y) ** 2, X, numbers(4, 2)),
    "matmul_once": (ops.matmul, X, numbers(4, 2)),
    "stacked_matmul": (lambda x, y: ops.matmul(x, y) ** 2, numbers(2, 3, 4), numbers(2, 4, 2)),
    "einsum": (lambda x, y: ops.einsum("ij,kj->ik", x, y) ** 2, X, numbers(2, 4)),
    "embedding": (
        lambda x: (
            ops.nn.embedding_lookup(LABELS, x) ** 3
            if hasattr(ops.nn, "embedding_lookup")
            else ops.take(x, LABELS, 0) ** 3
        ),
        numbers(5, 2),
    ),
    "conv": (lambda x, w: ops.conv(x, w, 2, "same") ** 2, IMAGE, numbers(3, 3, 4, 2)),
    "conv_bilinear": (lambda x, w: ops.conv(x, w, 1, "valid"), IMAGE, numbers(2, 3, 4, 2)),
    "conv_groups": (lambda x, w: ops.conv(x, w) ** 2, IMAGE, numbers(2, 2, 2, 4)),
    "depthwise_conv": (lambda x, w: ops.depthwise_conv(x, w, 1, "same") ** 2, IMAGE, numbers(3, 3, 4, 2)),
    "conv_transpose": (lambda x, w: ops.conv_transpose(x, w, 2, "same") ** 2, numbers(1, 3, 2, 2), numbers(3, 3, 3, 2)),
    "max_pool": (lambda x: ops.max_pool(x, (2, 3), (2, 1), "same") ** 3, IMAGE),
    "average_pool": (lambda x: ops.average_pool(x, (2, 3), (2, 1), "same") ** 3, IMAGE),
    "batch_normalize": (lambda x, g, b: ops.normalization_of_batch(x, g, b), X, numbers(4) + 2, numbers(4)),
    "layer_normalization": (lambda x, g, b: ops.layer_normalization(x, g, b), X, numbers(4) + 2, numbers(4)),
    "rms_normalization": (lambda x, g: ops.rms_normalization(x, g), X, numbers(4) + 2),
    "categorical_logits": (lambda x: ops.categorical_crossentropy(SHARES, x, from_logits=True), X),
    "categorical": (lambda x: ops.categorical_crossentropy(SHARES, x), X + 2),
    "sparse_logits": (lambda x: ops.sparse_categorical_crossentropy(LABELS, x, from_logits=True), X),
    "sparse": (lambda x: ops.sparse_categorical_crossentropy(LABELS, x), X + 2),
    "binary_logits": (lambda x: ops.binary_crossentropy(SHARES, x, from_logits=True), X),
    "binary": (lambda x: ops.binary_crossentropy(SHARES, x), (X + 1.2) / 3),
}


def _batch_normalize(x, gamma, beta):
    from dtrain.ops.normalization import batch_normalize

    return batch_normalize(x, gamma, beta)[0]


CASES["batch_normalize"] = (_batch_normalize, *CASES["batch_normalize"][1:])


def first_gradients(function, weights, arrays):
    """Gradients of a weighted sum of the function's values, on arrays."""
    variables = [Variable(a, dtype="float64") for a in arrays]
    with GradientTape() as tape:
        y = ops.sum(function(*variables) * weights)
    return [np.asarray(g) for g in tape.gradient(y, variables, unconnected_gradients="zero")]


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_gradients_are_those_of_finite_differences(name):
    function, *arrays = CASES[name]
    rng = np.random.default_rng(1)
    weights = rng.normal(size=np.shape(function(*arrays)))
    directions = [rng.normal(size=a.shape) for a in arrays]
    variables = [Variable(a, dtype="float64") for a in arrays]
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(function(*variables) * weights)
        found = inner.gradient(y, variables)
        along = sum(ops.sum(g * d) for g, d in zip(found, directions, strict=True))
    for g, expected in zip(found, first_gradients(function, weights, arrays), strict=True):
        np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-12)
    second = outer.gradient(along, variables, unconnected_gradients="zero")
    step = 1e-5
    plus = first_gradients(function, weights, [a + step * d for a, d in zip(arrays, directions, strict=True)])
    minus = first_gradients(function, weights, [a - step * d for a, d in zip(arrays, directions, strict=True)])
    for g, p, m in zip(second, plus, minus, strict=True):
        np.testing.assert_allclose(g, (p - m) / (2 * step), rtol=2e-6, atol=2e-7)
