"""Activations: values by their formulas, gradients by differences, nothing lost at the ends of the range."""

import math

import numpy as np
import pytest

from dtrain import ops
from tests.ops.gradcheck import check, check_divided

X = np.random.default_rng(0).normal(size=(5, 4)) * 2 + 0.013
_erf = np.vectorize(math.erf)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softplus(x):
    return np.log1p(np.exp(x))


def _elu(x, a=1.0):
    return np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))


FORMULAS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": _elu,
    "selu": lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    "celu": _elu,
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "log_sigmoid": lambda x: np.log(_sigmoid(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "glu": lambda x: x[:, :2] * _sigmoid(x[:, 2:]),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "erf": _erf,
    "erfc": lambda x: 1 - _erf(x),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activation_follows_its_formula(name):
    function = getattr(ops, name)
    (y,) = check(function, X)
    np.testing.assert_allclose(y, FORMULAS[name](X), rtol=1e-9, atol=1e-12)
    check_divided(function, X, batched=(True,))
    assert function(X.astype(np.float32)).dtype == "float32"


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (lambda x: ops.gelu(x, approximate=False), lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2),
        (lambda x: ops.leaky_relu(x, 1.3), lambda x: np.where(x > 0, x, 1.3 * x)),
        (lambda x: ops.elu(x, 0.3), lambda x: _elu(x, 0.3)),
        (lambda x: ops.celu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2))),
        (lambda x: ops.threshold(x, 0.5, 9.0), lambda x: np.where(x > 0.5, x, 9)),
        (lambda x: ops.clip(x, -1, 0.5), lambda x: np.clip(x, -1, 0.5)),
        (lambda x: ops.clip(x, np.full(4, -1.0), 0.5), lambda x: np.clip(x, -1, 0.5)),
        (lambda x: ops.glu(x[:4], 0), lambda x: x[:2] * _sigmoid(x[2:4])),
        (lambda x: ops.softmax(x, 0), lambda x: np.exp(x) / np.exp(x).sum(0)),
        (lambda x: ops.softmax(x, (0, 1)), lambda x: np.exp(x) / np.exp(x).sum()),
        (lambda x: ops.log_softmax(x, 0), lambda x: x - np.log(np.exp(x).sum(0))),
    ],
)
def test_activation_with_other_arguments(function, formula):
    np.testing.assert_allclose(check(function, X)[0], formula(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_sparsemax_is_the_nearest_distribution(axis):
    (y,) = check(lambda x: ops.sparsemax(x, axis), X)
    np.testing.assert_allclose(y.sum(axis), 1)
    assert np.all(y >= 0) and np.any(y == 0)
    nearest = ((y - X) ** 2).sum(axis)
    others = np.random.default_rng(1).dirichlet(
        np.ones(X.shape[axis]), size=200
    )  # other distributions are farther away
    for p in others:
        assert np.all(((np.expand_dims(p, 1 - axis) - X) ** 2).sum(axis) >= nearest - 1e-12)


def test_the_ends_of_the_range_neither_overflow_nor_lose_digits():
    x = np.array([-1000.0, -20.0, 0.0, 20.0, 1000.0], np.float32)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(ops.sigmoid(x), [0, 2.0611537e-09, 0.5, 1, 1], rtol=1e-6)
        np.testing.assert_allclose(ops.softplus(x), [0, 2.0611537e-09, 0.6931472, 20, 1000], rtol=1e-6)
        np.testing.assert_allclose(ops.log_sigmoid(x), [-1000, -20, -0.6931472, -2.0611537e-09, 0], rtol=1e-6)
        np.testing.assert_allclose(ops.softmax(x[[0, 4]]), [0, 1])
        np.testing.assert_allclose(ops.log_softmax(x[[0, 4]]), [-2000, 0])


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-15), (np.float32, 3e-7)])
def test_erf_and_erfc_have_all_digits(dtype, error):
    x = np.concatenate([np.linspace(-7, 20, 5001), np.geomspace(1e-30, 1, 100)]).astype(dtype)
    exact = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(ops.erf(x), exact, rtol=error)
    if dtype is np.float64:
        exact = np.array([math.erfc(v) for v in x])
        np.testing.assert_allclose(ops.erfc(x), exact, rtol=2e-15)


def test_activations_of_no_rows():
    empty = np.zeros((0, 4), np.float32)
    for name in FORMULAS:
        assert getattr(ops, name)(empty).shape[0] == 0
