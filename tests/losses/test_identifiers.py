"""Losses by name and from configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import losses
from dtrain.saving import registration
from tests.losses.samples import IDS, LOSSES, REGRESSION


@pytest.mark.parametrize("name", ["mse", "mae", "mape", "msle", "bce", "kld"])
def test_short_names_are_known_in_both_cases(name: str) -> None:
    assert losses.get(name) is losses.get(name.upper())
    assert callable(losses.get(name))


def test_function_names_mean_functions_and_class_names_mean_losses() -> None:
    assert losses.get("mean_squared_error") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(None) is None
    loss = losses.Huber()
    assert losses.get(loss) is loss


def test_unknown_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="mean_squared_error"):
        losses.get("mean_square_error")


def test_compile_gets_a_loss_with_the_given_name() -> None:
    loss = losses.get_loss("mse")
    assert isinstance(loss, losses.Loss) and loss.name == "mse"
    assert losses.get_loss(losses.mean_squared_error).name == "mean_squared_error"
    assert losses.get_loss(None) is None


@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_crossentropy_is_chosen_by_the_shapes(name: str) -> None:
    loss = losses.get_loss(name)
    p = np.array([[0.25, 0.75], [0.5, 0.5]], "float32")
    sparse = float(loss(np.array([1, 0]), p))
    assert sparse == pytest.approx(-(np.log(0.75) + np.log(0.5)) / 2, rel=1e-6)
    assert float(loss(np.array([[1], [0]]), p)) == sparse
    assert float(loss(np.array([[0, 1], [1, 0]]), p)) == pytest.approx(sparse)
    binary = float(loss(np.array([[1.0], [0.0]]), p[:, :1]))
    assert binary == pytest.approx(-(np.log(0.25) + np.log(0.5)) / 2, rel=1e-6)


@pytest.mark.parametrize(("name", "arguments", "sample"), LOSSES, ids=IDS)
def test_configuration_makes_an_equal_loss(name: str, arguments: Any, sample: Any) -> None:
    loss = getattr(losses, name)(reduction="sum", name="mine", **arguments)
    config = loss.get_config()
    assert {**config, **arguments, "reduction": "sum", "name": "mine"} == config
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss) and again.get_config() == config
    assert float(again(*sample)) == float(loss(*sample))


def test_serialized_form_is_that_of_keras() -> None:
    found = losses.serialize(losses.CategoricalCrossentropy(from_logits=True))
    assert (found["module"], found["class_name"], found["registered_name"]) == (
        "keras.losses",
        "CategoricalCrossentropy",
        None,
    )
    assert found["config"] == {
        "name": "categorical_crossentropy",
        "reduction": "sum_over_batch_size",
        "from_logits": True,
        "label_smoothing": 0.0,
        "axis": -1,
    }
    assert losses.serialize(losses.mean_squared_error)["config"] == "mean_squared_error"


def test_a_users_function_comes_back_by_its_name() -> None:
    def cubic(y_true: Any, y_pred: Any, factor: float = 1.0) -> Any:
        return abs(y_true - y_pred) * factor

    loss = losses.LossFunctionWrapper(cubic, name="cubic", factor=2.0)
    with registration.custom_object_scope({"cubic": cubic}):
        again = losses.deserialize(losses.serialize(loss))
        assert losses.get("cubic") is cubic
    assert float(again(*REGRESSION)) == float(loss(*REGRESSION))


def test_generalized_crossentropy_needs_q_between_zero_and_one() -> None:
    with pytest.raises(ValueError, match="q=1.5"):
        losses.CategoricalGeneralizedCrossEntropy(q=1.5)


def test_configurations_of_keras_2_are_read() -> None:
    config = {"reduction": "auto", "name": "mine", "from_logits": True, "fn": "categorical_crossentropy"}
    loss = losses.deserialize({"class_name": "CategoricalCrossentropy", "config": config})
    assert loss.from_logits and loss.reduction == "sum_over_batch_size"
    config = {"reduction": "auto", "name": "mine", "fn": "mean_squared_error"}
    assert losses.deserialize({"class_name": "LossFunctionWrapper", "config": config}).fn is losses.mean_squared_error


def test_a_dtype_that_is_none_is_an_error() -> None:
    assert losses.MeanSquaredError(dtype=np.float64).dtype == "float64"
    assert (
        losses.MeanSquaredError(dtype={"class_name": "DTypePolicy", "config": {"name": "float64"}}).dtype == "float64"
    )
    with pytest.raises(ValueError, match="dtype='floating'"):
        losses.MeanSquaredError(dtype="floating")
