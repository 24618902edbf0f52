"""Batch renormalization against its formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import layers

X = np.random.default_rng(0).normal(2.0, 3.0, size=(8, 4)).astype(np.float32)
EPSILON = 1e-3


def test_training_is_corrected_towards_the_moving_statistics() -> None:
    layer = layers.BatchNormalization(renorm=True, momentum=0.9, renorm_momentum=0.5)
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y, X, rtol=1e-4, atol=1e-4)  # mean 0 and deviation 1 until now: nothing changes
    mean, stddev = X.mean(axis=0), np.sqrt(X.var(axis=0) + EPSILON)
    np.testing.assert_allclose(layer.renorm_mean.numpy(), 0.5 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.renorm_stddev.numpy(), 0.5 + 0.5 * stddev, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * mean, rtol=1e-5)
    moving = 0.9 + 0.1 * stddev
    np.testing.assert_allclose(layer.moving_stddev.numpy(), moving, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), moving**2 - EPSILON, rtol=1e-5)
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y, (X - 0.5 * mean) / (0.5 + 0.5 * stddev), rtol=1e-4, atol=1e-4)


def test_the_correction_keeps_its_limits() -> None:
    layer = layers.BatchNormalization(renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0})
    plain = layers.BatchNormalization()
    np.testing.assert_allclose(layer(X, training=True).numpy(), plain(X, training=True).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("clipping", "message"),
    [({"rmid": 1.0}, "no keys but"), ({"rmin": 2.0, "rmax": 1.0}, "rmax must not be below"), ({"dmax": -1.0}, "dmax")],
)
def test_limits_that_make_no_sense_are_told(clipping: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers.BatchNormalization(renorm=True, renorm_clipping=clipping)


def test_a_batch_that_is_masked_whole_gives_finite_numbers() -> None:
    layer = layers.BatchNormalization()
    y = layer(X, mask=np.zeros(8, bool), training=True).numpy()
    assert np.isfinite(y).all()
    assert np.isfinite(layer.moving_variance.numpy()).all()
