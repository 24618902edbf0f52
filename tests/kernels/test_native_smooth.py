"""Compiled activations that are smooth, the error function, and the search for what is no number."""

import numpy as np
import pytest

from dtrain.kernels.numpy import erf as reference
from tests.kernels.twins import SIZES, _native, compare, draw, garbage, setting, twins  # noqa: F401

GRID = np.linspace(-12, 12, 30_001).astype(np.float32)


@pytest.mark.parametrize("n", SIZES)
def test_activations_and_their_gradients(n):
    x, dy, kept = draw(n) * 4, draw(n, seed=1), np.abs(np.tanh(draw(n, seed=2)))
    for name in ("gelu", "gelu_tanh", "silu"):
        compare("smooth", name, [x, garbage(n), garbage(n)], [1, 2])
    compare("smooth", "gelu_gradient", [dy, x, kept, garbage(n)], [3])
    compare("smooth", "gelu_tanh_gradient", [dy, x, kept, garbage(n), garbage(n)], [4], atol=2e-5)
    compare("smooth", "silu_gradient", [dy, x, kept, garbage(n)], [3])


def test_strided_arrays_are_left_to_numpy():
    x, y = draw(40)[::2], garbage(60)[::3]
    compared = np.empty_like(y)
    twins("smooth")[0].silu(x, y, garbage(40)[::2])
    twins("smooth")[1].silu(x.copy(), compared, garbage(20))
    np.testing.assert_array_equal(y, compared)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_error_function_has_seven_digits(name):
    """The reference in float64 has fifteen; what is too small for float32 is left out."""
    exact = np.empty(GRID.shape)
    getattr(reference, name)(GRID.astype(np.float64), exact)
    normal = np.abs(exact) > 1.2e-38
    for module in twins("erf"):
        y = garbage(*GRID.shape)
        getattr(module, name)(GRID, y)
        np.testing.assert_allclose(y[normal], exact[normal], 1e-6)
        np.testing.assert_allclose(y[~normal], exact[~normal], atol=1e-37)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_error_function_at_its_ends(name):
    x = np.array([-np.inf, np.inf, np.nan, 0.0], np.float32)
    expected = {"erf": [-1, 1, np.nan, 0], "erfc": [2, 0, np.nan, 1]}[name]
    for module in twins("erf"):
        y = garbage(4)
        getattr(module, name)(x, y)
        np.testing.assert_array_equal(y, np.float32(expected))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 15, 16, 129, 8191, 200_003])
def test_one_value_that_is_no_number_is_found(n, wrong):
    x = draw(n)
    x[:1] = 3e38  # large, but a number
    for module in twins("rows"):
        assert module.all_finite(x)
        for place in {0, n // 2, n - 1}:
            y = x.copy()
            y[place] = wrong
            assert not module.all_finite(y)
            assert not module.all_finite(np.repeat(y, 2)[::2])


def test_nothing_is_all_finite():
    assert all(module.all_finite(np.empty(0, np.float32)) for module in twins("rows"))
