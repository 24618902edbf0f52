"""`clone_model`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.models import clone_model
from tests.saving import builders


@pytest.mark.parametrize("build", builders.BUILDERS, ids=lambda f: f.__name__)
def test_a_clone_computes_the_same_with_the_same_weights_and_shares_none(build: Any) -> None:
    model = build(dtrain)
    copy = clone_model(model)
    assert not {id(v) for v in model.weights} & {id(v) for v in copy.weights}
    copy.set_weights(model.get_weights())
    assert copy.name == model.name and builders.same_outputs(model, copy, builders.inputs_of(model))


def test_a_shared_layer_is_cloned_once() -> None:
    copy = clone_model(builders.siamese(dtrain))
    assert len([layer for layer in copy.layers if layer.name == "shared"]) == 1


@pytest.mark.parametrize("build", [builders.mlp, builders.two_outputs], ids=lambda f: f.__name__)
def test_layers_can_be_replaced(build: Any) -> None:
    def narrower(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config({**config, "use_bias": False} if "use_bias" in config else config)

    copy = clone_model(build(dtrain), clone_function=narrower)
    assert all("bias" not in v.path for v in copy.weights)


def test_calls_can_be_changed() -> None:
    seen = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(layer.name)
        return layer(*args, **kwargs)

    clone_model(builders.siamese(dtrain), call_function=call)
    assert seen.count("shared") == 2


def test_nested_models_are_cloned_by_the_same_function_on_demand() -> None:
    seen: list[str] = []

    def note(layer: Any) -> Any:
        seen.append(type(layer).__name__)
        return type(layer).from_config(layer.get_config())

    model = builders.nested(dtrain)
    clone_model(model, clone_function=note)
    assert "Functional" in seen and "Dense" not in seen
    seen.clear()
    clone_model(model, clone_function=note, recursive=True)
    assert "Functional" not in seen and "Dense" in seen


def test_a_clone_can_stand_on_given_tensors() -> None:
    x = dtrain.Input((4,), name="mine")
    assert clone_model(builders.mlp(dtrain), input_tensors=[x]).inputs[0] is x
    assert clone_model(builders.two_outputs(dtrain), input_tensors=x).inputs[0] is x
    with pytest.raises(ValueError, match="expected 2 symbolic input_tensors"):
        clone_model(builders.siamese(dtrain), input_tensors=x)


def test_a_subclassed_model_is_cloned_by_its_constructor_alone() -> None:
    class Own(dtrain.Model):
        def __init__(self, units: int = 1) -> None:
            super().__init__()
            self.dense = dtrain.layers.Dense(units)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    copy = clone_model(Own(3))
    assert copy(np.ones((1, 2), "float32")).shape == (1, 3)
    with pytest.raises(ValueError, match="a subclassed model"):
        clone_model(Own(3), clone_function=lambda layer: layer)


def test_the_clone_of_a_compiled_model_is_compiled_alike_with_an_optimizer_and_metrics_of_its_own() -> None:
    model = builders.mlp(dtrain)
    metric = dtrain.metrics.MeanSquaredError(name="far")
    model.compile(dtrain.optimizers.Adam(0.02), lambda y, p: abs(y - p), metrics=[metric])
    copy = clone_model(model)
    assert copy.compiled and copy.loss is model.loss
    assert copy.optimizer is not model.optimizer and float(copy.optimizer.learning_rate) == pytest.approx(0.02)
    copy.set_weights(model.get_weights())
    x = builders.inputs_of(model)
    y = np.zeros_like(model.predict(x, verbose=0))
    assert copy.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert metric not in copy.metrics


def test_a_copy_of_a_model_that_is_not_compiled_is_not_either() -> None:
    assert not clone_model(builders.mlp(dtrain)).compiled


def test_tensors_in_another_structure_than_the_inputs_are_refused() -> None:
    x, y = dtrain.Input((3,)), dtrain.Input((3,))
    model = dtrain.Model({"x": x, "y": y}, x + y)
    with pytest.raises(ValueError, match="in the structure of the model's inputs"):
        clone_model(model, input_tensors=(x, y))
