"""Metrics by name and from configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import losses, metrics
from tests.metrics.samples import IDS, METRICS, Make, batches


@pytest.mark.parametrize("name", ["mse", "mae", "mape", "msle", "bce", "kld"])
def test_short_names_are_known_in_both_cases(name: str) -> None:
    assert type(metrics.get(name)) is type(metrics.get(name.upper()))


def test_names_of_classes_mean_new_metrics() -> None:
    assert isinstance(metrics.get("mean_squared_error"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("AUC"), metrics.AUC) and isinstance(metrics.get("auc"), metrics.AUC)
    assert metrics.get("mse") is not metrics.get("mse")
    assert metrics.get(None) is None


def test_unknown_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="precision"):
        metrics.get("precison")


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None,), metrics.BinaryAccuracy),
        ((None,), (None, 5), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 5), metrics.SparseCategoricalAccuracy),
        ((None, 7), (None, 7, 5), metrics.SparseCategoricalAccuracy),
        ((None, 5), (None, 5), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_by_the_shapes_and_keeps_its_name(name: str, true: Any, pred: Any, expected: Any) -> None:
    metric = metrics.resolve(name, true, pred)
    assert type(metric) is expected and metric.name == name


def test_crossentropy_is_chosen_by_the_shapes() -> None:
    metric = metrics.resolve("ce", (None,), (None, 2))
    metric.update_state(np.array([1]), np.array([[0.25, 0.75]]))
    assert metric.name == "ce" and float(metric.result()) == pytest.approx(-np.log(0.75))


def test_functions_and_losses_become_means_under_their_names() -> None:
    def my_error(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred)

    assert metrics.resolve(my_error, (None, 1), (None, 1)).name == "my_error"
    assert (
        metrics.resolve(losses.MeanSquaredError(name="loss_as_metric"), (None, 1), (None, 1)).name == "loss_as_metric"
    )
    assert metrics.resolve("mse", (None, 1), (None, 1)).name == "mse"
    metric = metrics.Mean(name="mine")
    assert metrics.resolve(metric, (None, 1), (None, 1)) is metric and metric.name == "mine"
    assert metrics.resolve(metrics.AUC, (None, 1), (None, 1)).name.startswith("auc")


def test_none_is_no_metric() -> None:
    with pytest.raises(ValueError, match="None"):
        metrics.resolve(None, (None, 1), (None, 1))


@pytest.mark.parametrize(("name", "arguments", "make"), METRICS, ids=IDS)
def test_configuration_makes_an_equal_metric(name: str, arguments: Any, make: Make) -> None:
    metric = getattr(metrics, name)(name="mine", **arguments)
    config = metric.get_config()
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == config
    assert config["name"] == "mine" and config["dtype"] == metric.dtype
    for pair in batches(make, 2):
        metric.update_state(*pair)
        again.update_state(*pair)
    np.testing.assert_array_equal(again.result().numpy(), metric.result().numpy())
    metric.reset_state()
    assert not any(v.array.any() for v in metric.variables)


def test_serialized_form_is_that_of_keras() -> None:
    found = metrics.serialize(metrics.BinaryAccuracy(threshold=0.3))
    assert found["module"] == "keras.metrics" and found["class_name"] == "BinaryAccuracy"
    assert found["config"] == {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.3}


def test_a_wrapped_function_comes_back_by_its_name() -> None:
    metric = metrics.MeanMetricWrapper(losses.huber, name="far", delta=0.5)
    again = metrics.deserialize(metrics.serialize(metric))
    assert float(again([[0.0]], [[2.0]])) == float(metric([[0.0]], [[2.0]])) == pytest.approx(0.875)


def test_every_metric_says_which_direction_is_better() -> None:
    assert metrics.AUC()._direction == "up" and metrics.MeanSquaredError()._direction == "down"


def test_configurations_of_keras_2_are_read() -> None:
    config = {"name": "flag_accuracy", "dtype": "float32", "fn": "binary_accuracy"}
    metric = metrics.deserialize({"class_name": "MeanMetricWrapper", "config": config})
    assert metric.name == "flag_accuracy" and float(metric([[1.0]], [[0.7]])) == 1
