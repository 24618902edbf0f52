"""Activations in place and their slopes."""

import numpy as np
import pytest

from dtrain.kernels.numpy.elementwise import FUSIBLE, activate, scale_by_slope

X = np.array([-1000.0, -30, -1.5, -0.1, 0.2, 3, 1000])
FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0),
    "sigmoid": lambda x: np.exp(-np.logaddexp(0, -x)),
    "tanh": np.tanh,
}


@pytest.mark.parametrize("name", FUSIBLE)
def test_activations_equal_their_formulas_also_in_place(name):
    y, inside = np.full_like(X, np.nan), X.copy()
    activate(name, X, y)
    activate(name, inside, inside)
    np.testing.assert_allclose(y, FORMULAS[name](X), rtol=1e-12)
    np.testing.assert_array_equal(inside, y)


@pytest.mark.parametrize("name", FUSIBLE)
def test_slopes_equal_differences(name):
    x, f = X[1:-1], FORMULAS[name]
    dx = np.full_like(x, np.nan)
    scale_by_slope(name, np.full_like(x, 3), f(x), dx, np.empty(x.shape, np.bool_))
    np.testing.assert_allclose(dx, 3 * (f(x + 1e-6) - f(x - 1e-6)) / 2e-6, atol=1e-6)


@pytest.mark.parametrize("name", FUSIBLE)
def test_they_never_fall(name):
    """A maximum commutes with them: pooling may come first."""
    x = np.linspace(-20, 20, 100_001, dtype=np.float32)
    y = np.empty_like(x)
    activate(name, x, y)
    assert np.all(np.diff(y) >= (-1e-7 if name in ("sigmoid", "tanh") else 0))
