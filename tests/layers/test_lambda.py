"""Functions as layers, in files too."""

import json

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.saving import deserialize_keras_object, serialize_keras_object

X = np.ones((2, 3), np.float32)


def test_a_lambda_needs_trust_to_come_back():
    layer = layers.Lambda(lambda x: x * 3.0)
    with pytest.warns(UserWarning, match="A lambda is being saved"):
        config = json.loads(json.dumps(serialize_keras_object(layer)))
    assert set(config["config"]["function"]["config"]) == {"code", "defaults", "closure"}
    with pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object(config)
    np.testing.assert_array_equal(deserialize_keras_object(config, safe_mode=False)(X).numpy(), 3 * X)


def test_a_lambda_receives_its_arguments_and_training():
    layer = layers.Lambda(lambda x, by, training: x * by if training else x, arguments={"by": 4.0})
    np.testing.assert_array_equal(layer(X, training=True).numpy(), 4 * X)
    np.testing.assert_array_equal(layer(X).numpy(), X)


def test_a_lambda_is_a_part_of_a_model():
    x = dtrain.Input((3,))
    model = dtrain.Model(x, layers.Lambda(lambda v: v[:, :2] + 1.0)(x))
    assert model.output_shape == (None, 2)
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.full((2, 2), 2.0))


def test_something_else_than_a_function_is_told():
    with pytest.raises(ValueError, match="Lambda: expected a function"):
        layers.Lambda("x + 1")
