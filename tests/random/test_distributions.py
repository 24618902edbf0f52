"""Draws of gamma, beta and binomial distributions, and random order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import Input, Model, layers, random


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda: random.gamma((20000,), 3.0, seed=1), 3.0, 3.0),
        (lambda: random.beta((20000,), 2.0, 3.0, seed=1), 0.4, 0.04),
        (lambda: random.binomial((20000,), 10, 0.3, seed=1), 3.0, 2.1),
    ],
)
def test_draws_have_the_distributions_mean_and_variance(draw: Any, mean: float, variance: float) -> None:
    values = draw().numpy()
    assert abs(values.mean() - mean) < 0.03 * mean and abs(values.var() - variance) < 0.05 * variance
    np.testing.assert_array_equal(values, draw().numpy())


def test_parameters_broadcast_to_the_shape() -> None:
    values = random.binomial((2, 4), np.array([0, 5, 9, 2]), np.array([[0.0], [1.0]])).numpy()
    np.testing.assert_array_equal(values, [[0, 0, 0, 0], [0, 5, 9, 2]])


def test_shuffle_puts_the_parts_in_another_order() -> None:
    x = np.arange(40).reshape(2, 20)
    y = random.shuffle(x, axis=1, seed=4).numpy()
    assert not np.array_equal(y, x)
    np.testing.assert_array_equal(np.sort(y, 1), x)
    np.testing.assert_array_equal(y[1] - y[0], np.full(20, 20))


def test_rows_of_a_batch_have_draws_of_their_own_in_a_model() -> None:
    inputs = Input((3,))
    outputs = layers.Lambda(lambda x: random.gamma(x.shape, 2.0))(inputs)
    y = Model(inputs, outputs).predict(np.zeros((8, 3)), verbose=0)
    assert len(np.unique(y)) == 24
