"""A model's whole state as a tree, steps as functions, calls with given values."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain import layers


def _model() -> dtrain.Model:
    dtrain.utils.set_random_seed(2)
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


X, Y = np.random.default_rng(0).normal(size=(8, 4)).astype("float32"), np.ones((8, 1), "float32")


def test_a_state_tree_put_back_makes_training_go_the_same_way() -> None:
    model = _model()
    model.train_on_batch(X, Y)
    tree = model.get_state_tree()
    assert set(tree) == {
        "trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables",
    }  # fmt: skip
    after = [model.train_on_batch(X, Y), model.get_weights()]
    model.set_state_tree(tree)
    model.reset_metrics()
    model.train_on_batch(X, Y)
    for a, b in zip(after[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="has no variable 'nothing'"):
        model.set_state_tree({"trainable_variables": {"nothing": 1.0}})


def test_step_functions_take_batches_from_an_iterator() -> None:
    model, other = _model(), _model()
    assert model.make_train_function()(iter([(X, Y)])) == other.train_on_batch(X, Y, return_dict=True)
    assert model.make_test_function()(iter([(X, Y)])) == other.test_on_batch(X, Y, return_dict=True)
    np.testing.assert_array_equal(model.make_predict_function()(iter([(X,)])), other.predict_on_batch(X))


def test_a_stateless_call_leaves_the_variables_alone() -> None:
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    outputs, (mean, _) = layer.stateless_call(
        [np.full(4, 2.0), np.ones(4)], [np.zeros(4), np.ones(4)], X, training=True
    )
    np.testing.assert_allclose(outputs.numpy().mean(0), 1.0, atol=1e-5)
    np.testing.assert_allclose(mean, 0.01 * X.mean(0), rtol=1e-4)
    np.testing.assert_array_equal(layer.gamma.numpy(), np.ones(4))
    np.testing.assert_array_equal(layer.moving_mean.numpy(), np.zeros(4))
    with pytest.raises(ValueError, match="expected values of"):
        layer.stateless_call([], [], X)
