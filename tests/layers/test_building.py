"""`build` called by the user, and layers as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import layers


class Scaled(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return x * self.scale


@pytest.mark.parametrize("make", [lambda: layers.Dense(3), Scaled, lambda: layers.LSTM(2), layers.BatchNormalization])
def test_a_layer_that_was_built_by_hand_is_not_built_again(make: Any) -> None:
    layer = make()
    shape = (None, 5, 4) if isinstance(layer, layers.LSTM) else (None, 4)
    layer.build(shape)
    assert layer.built
    before = [id(v) for v in layer.weights]
    layer(np.zeros(tuple(n or 2 for n in shape), "float32"))
    assert before and [id(v) for v in layer.weights] == before


def test_own_variables_go_through_a_store() -> None:
    layer, other = layers.Dense(3), layers.Dense(3)
    for one in (layer, other):
        one.build((None, 4))
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    assert sorted(store) == ["0", "1"]
    other.load_own_variables(store)
    np.testing.assert_array_equal(other.get_weights()[0], layer.get_weights()[0])
    with pytest.raises(ValueError, match="expected 2 own variables. Received: 1"):
        other.load_own_variables({"0": store["0"]})


def test_layers_are_plain_values_and_back() -> None:
    config = layers.serialize(layers.Dense(3, activation="relu", name="small"))
    assert config["class_name"] == "Dense"
    again = layers.deserialize(config)
    assert isinstance(again, layers.Dense) and again.name == "small" and again.units == 3
    with pytest.raises(ValueError, match="expected the configuration of a layer"):
        layers.deserialize({"module": "keras.losses", "class_name": "MeanSquaredError", "config": {}})
