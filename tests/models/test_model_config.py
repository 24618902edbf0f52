"""Models as configurations, and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.models import model_from_json
from tests.saving import builders


def again(model: Any) -> Any:
    """A model made from another's configuration, which has gone through JSON, with its weights."""
    copy = type(model).from_config(json.loads(json.dumps(model.get_config())))
    copy.set_weights(model.get_weights())
    return copy


# A model on an intermediate tensor gets an Input in its place, so that its configuration changes once.
WITH_INPUTS = [b for b in builders.BUILDERS if b is not builders.from_the_middle]


@pytest.mark.parametrize("build", WITH_INPUTS, ids=lambda f: f.__name__)
def test_a_model_made_from_its_configuration_computes_the_same(build: Any) -> None:
    model = build(dtrain)
    copy = again(model)
    assert builders.same_outputs(model, copy, builders.inputs_of(model))
    assert json.dumps(copy.get_config()) == json.dumps(model.get_config())
    assert copy.name == model.name and [la.name for la in copy.layers] == [la.name for la in model.layers]


@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_json_holds_the_whole_architecture(build: Any) -> None:
    model = build(dtrain)
    copy = model_from_json(model.to_json(indent=2))
    assert type(copy) is type(model) and copy.count_params() == model.count_params()


def test_the_structure_of_inputs_and_outputs_stays() -> None:
    a, b = dtrain.Input((2,), name="a"), dtrain.Input((2,), name="b")
    model = dtrain.Model({"a": a, "b": b}, {"sum": [a + b], "product": a * b})
    x = {"a": np.ones((1, 2), "float32"), "b": np.full((1, 2), 3.0, "float32")}
    outputs = again(model).predict(x, verbose=0)
    assert list(outputs) == ["sum", "product"] and isinstance(outputs["sum"], list)
    assert outputs["product"].tolist() == [[3.0, 3.0]]


def test_a_layer_called_on_its_own_output_keeps_the_order_of_its_calls() -> None:
    x = dtrain.Input((3,))
    twice, other = dtrain.layers.Dense(3, activation="tanh"), dtrain.layers.Dense(3)
    model = dtrain.Model(x, twice(other(twice(x))))
    assert builders.same_outputs(model, again(model), np.ones((2, 3), "float32"))


def test_calls_outside_of_the_model_are_not_counted() -> None:
    x = dtrain.Input((3,))
    layer = dtrain.layers.Dense(2)
    layer(dtrain.Input((3,)))
    model = dtrain.Model(x, layer(x))
    assert model.get_config()["output_layers"] == [layer.name, 0, 0]
    again(model)


def test_names_of_operations_are_unique_and_stay() -> None:
    x = dtrain.Input((3,))
    y = dtrain.layers.Dense(3, name="add")(x)
    model = dtrain.Model(x, (y + 1.0) + y)
    names = [entry["name"] for entry in model.get_config()["layers"]]
    assert len(set(names)) == len(names) and {"add", "add_1", "add_2"} <= set(names)
    assert [entry["name"] for entry in again(model).get_config()["layers"]] == names


def test_masks_and_training_given_to_a_call_stay() -> None:
    x, mask = dtrain.Input((4, 2)), dtrain.Input((4,), dtype="bool")
    dropped = dtrain.layers.Dropout(0.5)(x, training=True)
    model = dtrain.Model([x, mask], dtrain.layers.LSTM(3)(dropped, mask=mask))
    nodes = {entry["class_name"]: entry["inbound_nodes"] for entry in model.get_config()["layers"]}
    assert nodes["Dropout"][0]["kwargs"] == {"training": True}
    assert nodes["LSTM"][0]["kwargs"]["mask"]["config"]["keras_history"][0] == mask.name
    copy = again(model)
    x = [np.ones((8, 4, 2), "float32"), np.ones((8, 4), "bool")]
    rows = copy.predict(x, verbose=0)
    assert not np.array_equal(rows[0], rows[1]), "dropout is always on, as it was asked for"


def test_the_training_that_keras_writes_into_every_call_means_nothing() -> None:
    x = dtrain.Input((100,))
    config = dtrain.Model(x, dtrain.layers.Dropout(0.5)(x)).get_config()
    config["layers"][1]["inbound_nodes"][0]["kwargs"] = {"training": False}
    model = dtrain.Model.from_config(config)
    ones = np.ones((1, 100), "float32")
    assert np.array_equal(model(ones), ones) and not np.array_equal(model(ones, training=True), ones)


def test_a_configuration_whose_calls_go_in_circles_is_an_error() -> None:
    config = builders.siamese(dtrain).get_config()
    entry = next(entry for entry in config["layers"] if entry["class_name"] == "Subtract")
    entry["inbound_nodes"][0]["args"][0][0]["config"]["keras_history"] = [entry["name"], 0, 0]
    with pytest.raises(ValueError, match=r"called on tensors that no layer makes: .*subtract"):
        dtrain.Model.from_config(config)


def test_a_configuration_that_names_a_missing_layer_is_an_error() -> None:
    config = builders.mlp(dtrain).get_config()
    x = dtrain.Input((2,))
    config = dtrain.Model(x, dtrain.layers.Dense(1)(x)).get_config()
    config["output_layers"] = ["nowhere", 0, 0]
    with pytest.raises(ValueError, match="'nowhere', which is not among its layers"):
        dtrain.Model.from_config(config)


@pytest.mark.parametrize(
    "text", ["", "no json", "3", "[]", '{"a": 1}', '{"class_name": "Dense", "config": {"units": 1}}']
)
def test_text_that_is_no_model_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="model_from_json: expected"):
        model_from_json(text)


def test_json_of_keras_2_says_its_version() -> None:
    layer = {
        "class_name": "Dense",
        "config": {"name": "d", "units": 2, "batch_input_shape": [None, 3], "dtype": "float32"},
    }
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [layer]},
        "keras_version": "2.3.1",
        "backend": "x",
    }
    assert model_from_json(json.dumps(config)).count_params() == 8


def test_build_and_compile_have_configurations_of_their_own() -> None:
    model = builders.mlp(dtrain)
    assert model.get_build_config() == {"input_shape": [None, 4]}
    assert model.get_compile_config() is None
    model.compile("sgd", "mse", metrics=["mae"], loss_weights=2.0)
    config = json.loads(json.dumps(model.get_compile_config()))
    assert config["optimizer"]["class_name"] == "SGD" and (config["loss"], config["metrics"]) == ("mse", ["mae"])
    other = builders.mlp(dtrain)
    other.compile_from_config(config)
    assert other.compiled and other.optimizer.built


def test_a_subclass_of_a_functional_model_is_made_by_its_own_constructor() -> None:
    class Special(dtrain.Model):
        def __init__(self, units: int) -> None:
            x = dtrain.Input((3,))
            super().__init__(inputs=x, outputs=dtrain.layers.Dense(units)(x))

    assert Special.from_config(Special(4).get_config()).output_shape == (None, 4)


def test_outputs_and_inputs_in_a_dict_count_in_the_order_of_their_sorted_keys() -> None:
    a, b = dtrain.Input((2,), name="a"), dtrain.Input((2,), name="b")
    late, early = dtrain.layers.Dense(1, name="late")(b), dtrain.layers.Dense(3, name="early")(a)
    model = dtrain.Model({"b": b, "a": a}, {"late": late, "early": early})
    assert model.output_names == ["early", "late"]
    assert [tensor.shape for tensor in model.outputs] == [(None, 3), (None, 1)]
    assert [tensor.name for tensor in model.inputs] == ["a", "b"]
    assert [layer.name for layer in model.layers] == ["a", "b", "early", "late"]
    found = model.predict({"a": np.ones((5, 2)), "b": np.zeros((5, 2))}, verbose=0)
    assert {name: array.shape for name, array in found.items()} == {"late": (5, 1), "early": (5, 3)}
    model.compile("sgd", {"late": "mse", "early": "mae"})
    targets = {"late": np.zeros((5, 1)), "early": found["early"] + 1}
    logs = model.evaluate({"b": np.zeros((5, 2)), "a": np.ones((5, 2))}, targets, verbose=0, return_dict=True)
    assert abs(logs["early_loss"] - 1) < 1e-6 and logs["late_loss"] == 0
