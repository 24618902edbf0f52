"""What the logs are called, and what an identifier of a metric means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers
from tests.training.models import ROWS, classifier, labels, linear, regression_data, two_outputs, two_targets


def names(model: Any, x: Any, y: Any) -> list[str]:
    return list(model.evaluate(x, y, return_dict=True, verbose=0))


def test_one_output_has_plain_names_in_sorted_order() -> None:
    x, y = regression_data()
    model = linear(metrics=["mse", "cosine_similarity"])
    assert names(model, x, y) == ["cosine_similarity", "loss", "mse"]
    assert list(model.train_on_batch(x, y, return_dict=True)) == ["cosine_similarity", "loss", "mse"]
    history = model.fit(x, y, validation_split=0.25, verbose=0).history
    expected = ["cosine_similarity", "loss", "mse"]
    assert list(history) == expected + [f"val_{name}" for name in expected]


def test_a_list_of_results_begins_with_the_loss_and_has_the_metrics_as_given() -> None:
    x, y = regression_data()
    model = linear(metrics=["mse", dtrain.metrics.RootMeanSquaredError(name="root"), "mae"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    order = ["loss", "mse", "root", "mae"]
    assert model.evaluate(x, y, verbose=0) == [logs[name] for name in order]
    assert model.test_on_batch(x, y) == pytest.approx([logs[name] for name in order])
    assert len(model.train_on_batch(x, y)) == len(order)
    assert model.metrics_names == order


def test_a_list_of_results_of_several_outputs_has_the_losses_in_their_order_before_the_metrics_by_name() -> None:
    x, a, b = two_targets()
    entry = dtrain.Input((4,))
    model = dtrain.Model(entry, [layers.Dense(2, name="z")(entry), layers.Dense(1, name="b")(entry)])
    model.compile("sgd", {"b": "mae", "z": "mse"}, metrics={"z": ["mse", "mae"], "b": ["mse"]})
    logs = model.evaluate(x, [a, b], verbose=0, return_dict=True)
    order = ["loss", "z_loss", "b_loss", "b_mse", "z_mae", "z_mse"]
    assert model.evaluate(x, [a, b], verbose=0) == [logs[name] for name in order]
    assert model.metrics_names == order


def test_a_model_that_lists_its_metrics_itself_gives_results_in_that_order() -> None:
    class Own(dtrain.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.rows = dtrain.metrics.Sum(name="rows")
            self.error = dtrain.metrics.Mean(name="error")

        @property
        def metrics(self) -> list[Any]:
            return [self.rows, self.error]

        def test_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            self.rows.update_state(dtrain.ops.ones_like(y[:, 0]))
            self.error.update_state(dtrain.ops.mean(dtrain.ops.abs(self(x) - y), axis=-1))
            return {"error": self.error.result(), "rows": self.rows.result(), "always": 1.0}

    x, y = regression_data()
    entry = dtrain.Input((4,))
    model = Own(entry, layers.Dense(2)(entry))
    model.compile("sgd")
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(found) == ["always", "error", "rows"]
    assert model.evaluate(x, y, verbose=0) == [found["rows"], found["error"], found["always"]]


def test_metrics_that_are_called_alike_get_names_of_their_own() -> None:
    x, y = regression_data()
    weight = np.linspace(0, 2, ROWS)
    model = linear(metrics=["mae", dtrain.metrics.MeanAbsoluteError(name="mae")], weighted_metrics=["mae"])
    logs = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "mae", "mae_1", "weighted_mae"]
    errors = np.abs(model.predict(x, verbose=0) - y).mean(axis=1)
    assert logs["mae"] == logs["mae_1"] == pytest.approx(errors.mean(), rel=1e-5)
    assert logs["weighted_mae"] == pytest.approx((errors * weight).sum() / weight.sum(), rel=1e-5)
    x, a, b = two_targets()
    model = two_outputs(metrics={"a": ["mae"]}, weighted_metrics={"a": ["mae"], "b": ["mae"]})
    assert names(model, x, [a, b]) == ["a_loss", "a_mae", "a_weighted_mae", "b_loss", "b_mae", "loss"]


def test_evaluate_gives_a_number_a_list_or_a_dict() -> None:
    x, y = regression_data()
    assert isinstance(linear().evaluate(x, y, verbose=0), float)
    model = linear(metrics=["mae"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert model.evaluate(x, y, verbose=0) == list(logs.values())
    assert list(logs) == ["loss", "mae"]


@pytest.mark.parametrize("given", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("units", "target", "loss"),
    [
        (1, np.array([0, 1, 1, 0, 1, 1]), "binary_crossentropy"),
        (3, np.array([0, 1, 2, 0, 1, 1]), "sparse_categorical_crossentropy"),
        (3, np.array([[0], [1], [2], [0], [1], [1]]), "sparse_categorical_crossentropy"),
        (3, np.eye(3)[[0, 1, 2, 0, 1, 1]], "categorical_crossentropy"),
    ],
)
def test_accuracy_is_the_one_that_fits_the_shapes(given: str, units: int, target: Any, loss: str) -> None:
    x = regression_data(6)[0]
    model = dtrain.Sequential(
        [dtrain.Input((4,)), layers.Dense(units, activation="sigmoid" if units == 1 else "softmax")]
    )
    model.compile("sgd", loss, metrics=[given])
    logs = model.evaluate(x, target, return_dict=True, verbose=0)
    y_pred = model.predict(x, verbose=0)
    if units == 1:
        expected = ((y_pred[:, 0] > 0.5) == (target > 0.5)).mean()
    else:
        wanted = target.argmax(axis=1) if target.shape == (6, 3) else target.reshape(-1)
        expected = (y_pred.argmax(axis=1) == wanted).mean()
    assert logs[given] == pytest.approx(expected)


def test_metrics_may_be_functions_and_objects() -> None:
    def largest(y_true: Any, y_pred: Any) -> Any:
        return dtrain.ops.max(dtrain.ops.abs(y_true - y_pred), axis=-1)

    x, y = regression_data()
    model = linear(metrics=[largest, dtrain.metrics.MeanSquaredError(name="squares")])
    logs = model.evaluate(x, y, batch_size=5, return_dict=True, verbose=0)
    error = np.abs(model.predict(x, verbose=0) - y)
    assert logs["largest"] == pytest.approx(error.max(axis=1).mean(), rel=1e-5)
    assert logs["squares"] == pytest.approx((error**2).mean(), rel=1e-5)


def test_several_outputs_have_their_layers_names_before_losses_and_metrics() -> None:
    x, a, b = two_targets()
    model = two_outputs(loss={"a": "mse", "b": "mae"}, metrics={"b": ["mae"]}, weighted_metrics={"a": "mse"})
    expected = ["a_loss", "a_mse", "b_loss", "b_mae", "loss"]
    assert names(model, x, [a, b]) == expected
    history = model.fit(x, [a, b], validation_split=0.25, verbose=0).history
    assert list(history) == expected + [f"val_{name}" for name in expected]


@pytest.mark.parametrize(
    "loss", ["mse", ["mse", "mse"], {"a": "mse", "b": "mse"}, {"b": "mse", "a": dtrain.losses.MeanSquaredError()}]
)
def test_the_loss_is_the_sum_of_the_outputs_losses(loss: Any) -> None:
    x, a, b = two_targets()
    model = two_outputs(loss=loss)
    logs = model.evaluate(x, [a, b], batch_size=6, return_dict=True, verbose=0)
    pred_a, pred_b = model.predict(x, verbose=0)
    assert logs["a_loss"] == pytest.approx(((pred_a - a) ** 2).mean(), rel=1e-5)
    assert logs["b_loss"] == pytest.approx(((pred_b - b) ** 2).mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["a_loss"] + logs["b_loss"], rel=1e-6)


@pytest.mark.parametrize("weights", [[2.0, 0.5], {"a": 2.0, "b": 0.5}, {"b": 0.5, "a": 2}])
def test_loss_weights_scale_the_sum_and_not_the_parts(weights: Any) -> None:
    x, a, b = two_targets()
    plain = two_outputs().evaluate(x, [a, b], return_dict=True, verbose=0)
    logs = two_outputs(loss_weights=weights).evaluate(x, [a, b], return_dict=True, verbose=0)
    assert logs["a_loss"] == pytest.approx(plain["a_loss"])
    assert logs["loss"] == pytest.approx(2 * plain["a_loss"] + 0.5 * plain["b_loss"], rel=1e-6)


def test_loss_weights_scale_the_gradients() -> None:
    x, a, b = two_targets()
    plain, weighted = two_outputs(), two_outputs(loss_weights={"a": 2.0, "b": 0.0})
    start = plain.get_weights()
    for model in (plain, weighted):
        model.train_on_batch(x, [a, b])
    steps = [[after - before for before, after in zip(start, m.get_weights(), strict=True)] for m in (plain, weighted)]
    for one, other, factor in zip(*steps, (2, 2, 0, 0), strict=True):
        np.testing.assert_allclose(other, factor * one, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (["mae"], ["a_mae", "b_mae"]),
        ([["mae"], ["mse", "mae"]], ["a_mae", "b_mae", "b_mse"]),
        ({"b": "mae"}, ["b_mae"]),
        ({"a": ["mae", "mse"]}, ["a_mae", "a_mse"]),
        ([None, "mae"], ["b_mae"]),
        (None, []),
    ],
)
def test_metrics_are_given_for_all_outputs_or_for_each(metrics: Any, expected: list[str]) -> None:
    x, a, b = two_targets()
    found = names(two_outputs(metrics=metrics), x, [a, b])
    assert found == sorted(["loss", "a_loss", "b_loss", *expected])


def test_an_output_may_have_no_loss() -> None:
    x, a, b = two_targets()
    model = two_outputs(loss=["mse", None], metrics=[["mae"], ["mse"]])
    logs = model.evaluate(x, [a, b], return_dict=True, verbose=0)
    assert {"loss", "a_mae", "b_mse"} <= set(logs)
    assert logs["loss"] == pytest.approx(((model.predict(x, verbose=0)[0] - a) ** 2).mean(), rel=1e-5)


def test_outputs_in_a_dict_are_called_by_their_keys() -> None:
    x, a, b = two_targets()
    entry = dtrain.Input((4,))
    model = dtrain.Model(entry, {"left": layers.Dense(2)(entry), "right": layers.Dense(1)(entry)})
    model.compile("sgd", loss={"right": "mae", "left": "mse"}, metrics={"right": ["mse"]})
    found = names(model, x, {"right": b, "left": a})
    assert found == ["left_loss", "loss", "right_loss", "right_mse"]
    pred = model.predict(x, verbose=0)
    assert list(pred) == ["left", "right"]
    logs = model.evaluate(x, {"left": a, "right": b}, return_dict=True, verbose=0)
    assert logs["right_loss"] == pytest.approx(np.abs(pred["right"] - b).mean(), rel=1e-5)


def test_sample_weights_are_given_for_all_outputs_or_for_each() -> None:
    x, a, b = two_targets()
    weight = np.random.default_rng(0).uniform(0, 2, ROWS)
    model = two_outputs()
    pred_a, pred_b = model.predict(x, verbose=0)
    squares_a, squares_b = ((pred_a - a) ** 2).mean(axis=1), ((pred_b - b) ** 2).mean(axis=1)
    both = model.evaluate(x, [a, b], sample_weight=weight, return_dict=True, verbose=0)
    assert both["a_loss"] == pytest.approx((weight * squares_a).mean(), rel=1e-5)
    assert both["b_loss"] == pytest.approx((weight * squares_b).mean(), rel=1e-5)
    each = model.evaluate(x, [a, b], sample_weight=[weight, np.ones(ROWS)], return_dict=True, verbose=0)
    assert each["a_loss"] == pytest.approx((weight * squares_a).mean(), rel=1e-5)
    assert each["b_loss"] == pytest.approx(squares_b.mean(), rel=1e-5)


def test_metrics_of_several_numbers_and_curves_are_exact_over_batches() -> None:
    x = regression_data(60)[0]
    y = labels(60, 2)
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[dtrain.metrics.AUC(name="auc"), "accuracy"])
    logs = [model.evaluate(x, y, batch_size=k, return_dict=True, verbose=0) for k in (7, 60)]
    assert logs[0]["auc"] == pytest.approx(logs[1]["auc"], abs=1e-7)
    metric = dtrain.metrics.AUC()
    metric.update_state(y[:, None], model.predict(x, verbose=0))
    assert logs[0]["auc"] == pytest.approx(float(metric.result()), abs=1e-6)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("loss", {"c": "mse"}, "'c'"),
        ("loss", ["mse"], "2 entries"),
        ("loss_weights", [1.0, 2.0, 3.0], "2 entries"),
        ("metrics", {"c": ["mae"]}, "'c'"),
        ("metrics", [["mae"], ["mae"], ["mae"]], "3 entries"),
    ],
)
def test_entries_that_fit_no_output_are_refused_with_the_outputs_names(argument: str, value: Any, message: str) -> None:
    x, a, b = two_targets()
    model = two_outputs(**{argument: value})
    with pytest.raises(ValueError, match=message):
        model.fit(x, [a, b], verbose=0)


def test_metrics_appear_on_the_model_when_the_shapes_are_known() -> None:
    model = classifier(metrics=["accuracy"])
    model.fit(regression_data()[0], labels(), verbose=0)
    assert [m.name for m in model.metrics] == ["accuracy"]
    assert model.metrics_names == ["loss", "accuracy"]
