"""One layer at every step: masks and batch statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import layers, ops

X = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]], bool)


def test_the_layer_gets_the_mask_of_its_step() -> None:
    class Hidden(layers.Layer):
        def call(self, inputs: Any, mask: Any = None) -> Any:
            return inputs * ops.expand_dims(ops.cast(mask, "float32"), -1)

    y = layers.TimeDistributed(Hidden())(X, mask=MASK).numpy()
    np.testing.assert_array_equal(y, np.where(MASK[..., None], X, 0))


def test_batch_statistics_are_those_of_each_step() -> None:
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5, epsilon=0.0, scale=False, center=False))
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y, (X - X.mean(axis=0)) / X.std(axis=0), rtol=1e-4, atol=1e-5)
    moving = np.zeros(5)
    for t in range(3):
        moving = 0.5 * moving + 0.5 * X[:, t].mean(axis=0)
    np.testing.assert_allclose(layer.layer.moving_mean.numpy(), moving, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (1, 3)])
def test_a_mask_of_other_rows_or_steps_is_told(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected a mask of the inputs' rows and steps"):
        layers.TimeDistributed(layers.Dense(2))(X, mask=np.ones(shape, bool))
