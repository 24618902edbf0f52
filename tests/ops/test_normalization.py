"""Normalization against formulas, gradients against differences, and statistics of rows that are divided."""

import numpy as np
import pytest

from dtrain.kernels.numpy import normalization as kernels
from dtrain.kernels.numpy import row_normalization as row_kernels
from dtrain.ops.normalization import (
    batch_normalization,
    batch_normalize,
    group_normalization,
    layer_normalization,
    rms_normalization,
)
from tests.ops.gradcheck import check, check_divided


@pytest.fixture(params=[1 << 18, 100], ids=["whole", "cut"], autouse=True)
def chunk_bytes(request, monkeypatch):
    monkeypatch.setattr(kernels, "_CHUNK_BYTES", request.param)
    monkeypatch.setattr(row_kernels, "_CHUNK_BYTES", request.param)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) + 1


def formula(x, axes, gamma, beta, epsilon, center=True):
    mean = x.mean(axes, keepdims=True) if center else 0
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon) * gamma + beta


@pytest.mark.parametrize(
    ("shape", "axis"), [((7, 3), -1), ((4, 5, 6, 3), -1), ((4, 3, 5, 2), 1), ((1, 2), -1), ((2, 3, 4), 0)]
)
def test_batch_normalize_uses_the_statistics_of_all_other_axes(shape, axis):
    x, c = normal(*shape), shape[axis]
    y, mean, variance = check(
        lambda *a: batch_normalize(*a, axis=axis, epsilon=0.01), x, normal(c, seed=1), normal(c, seed=2)
    )
    axes = tuple(k for k in range(x.ndim) if k != axis % x.ndim)
    vector = [c if k == axis % x.ndim else 1 for k in range(x.ndim)]
    gamma, beta = normal(c, seed=1).reshape(vector), normal(c, seed=2).reshape(vector)
    np.testing.assert_allclose(y, formula(x, axes, gamma, beta, 0.01), atol=1e-12)
    np.testing.assert_allclose(mean, x.mean(axes), atol=1e-12)
    np.testing.assert_allclose(variance, x.var(axes), atol=1e-12)


@pytest.mark.parametrize("output", [0, 1, 2])
def test_gradients_of_one_output_of_batch_normalize(output):
    check(lambda *a: batch_normalize(*a)[output], normal(6, 5, 3), normal(3, seed=1), normal(3, seed=2))


def test_gradients_where_the_inputs_are_used_again():
    check(lambda x, g: batch_normalize(x, g)[0] * x, normal(6, 3), normal(3, seed=1))


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_statistics_are_those_of_all_processes(axis):
    c = 3
    x = normal(5, c, 4) if axis == 1 else normal(5, 4, c)
    check_divided(
        lambda *a: batch_normalize(*a, axis=axis), x, normal(c, seed=1), normal(c, seed=2), batched=(True, False, False)
    )


def test_variance_of_values_far_from_zero_keeps_its_digits():
    x = (1e4 + np.random.default_rng(0).normal(size=(5000, 8))).astype(np.float32)
    variance = batch_normalize(x)[2].numpy()
    np.testing.assert_allclose(variance, x.astype(float).var(0), rtol=1e-3)


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization_with_given_statistics(axis):
    x, v = normal(4, 3, 5, 3), [normal(3, seed=k) ** 2 + 0.1 for k in range(1, 5)]
    (y,) = check(lambda x, m, v, o, s: batch_normalization(x, m, v, axis, o, s), x, *v)
    m, v2, o, s = (a.reshape(3, 1, 1) if axis == 1 else a for a in v)
    np.testing.assert_allclose(y, (x - m) / np.sqrt(v2 + 1e-3) * s + o, atol=1e-12)


@pytest.mark.parametrize(("axis", "shape"), [(-1, (5,)), ([1, 2], (4, 5)), (1, (4,)), ((-2, -1), (4, 5))])
def test_layer_normalization(axis, shape):
    x, gamma, beta = normal(3, 4, 5), normal(*shape, seed=1), normal(*shape, seed=2)
    (y,) = check(lambda *a: layer_normalization(*a, axis=axis, epsilon=1e-3), x, gamma, beta)
    wide = gamma[:, None] if axis == 1 else gamma
    expected = formula(x, tuple(axis) if isinstance(axis, (list, tuple)) else axis, wide, 0, 1e-3)
    np.testing.assert_allclose(y - (beta[:, None] if axis == 1 else beta), expected, atol=1e-12)


def test_rms_normalization():
    x, scale = normal(3, 4, 5), normal(5, seed=1)
    (y,) = check(rms_normalization, x, scale)
    np.testing.assert_allclose(y, formula(x, -1, scale, 0, 1e-7, center=False), atol=1e-12)


@pytest.mark.parametrize(("groups", "axis"), [(2, -1), (6, -1), (1, -1), (3, 1)])
def test_group_normalization(groups, axis):
    x = normal(3, 4, 5, 6)
    gamma, beta = normal(6, seed=1), normal(6, seed=2)
    moved = np.moveaxis(x, -1, axis)
    (y,) = check(lambda *a: group_normalization(a[0], groups, *a[1:], axis=axis), moved, gamma, beta)
    split = x.reshape(3, 4, 5, groups, 6 // groups)
    expected = formula(split, (1, 2, 4), 1, 0, 1e-3).reshape(x.shape) * gamma + beta
    np.testing.assert_allclose(np.moveaxis(y, axis, -1), expected, atol=1e-12)


@pytest.mark.parametrize(
    "function", [layer_normalization, rms_normalization, lambda x, g: group_normalization(x, 2, g)]
)
def test_rows_may_be_divided_among_processes(function):
    check_divided(function, normal(5, 3, 4), normal(4, seed=1), batched=(True, False))


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"gamma of shape \(3,\)"):
        batch_normalize(normal(4, 3), normal(4))
    with pytest.raises(ValueError, match="groups=4"):
        group_normalization(normal(2, 6), 4)
