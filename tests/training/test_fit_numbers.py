"""The numbers of fit and evaluate are those of the formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops
from tests.training.models import ROWS, classifier, labels, linear, reference_of, regression_data


@pytest.mark.parametrize("batch_size", [1, 5, 23, 64])
def test_fit_is_gradient_descent_over_ragged_batches(batch_size: int) -> None:
    x, y = regression_data()
    model = linear()
    expected = reference_of(model)
    expected.fit(x, y, batch_size, epochs=3)
    history = model.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected.epoch_losses, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], expected.w, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], expected.b, rtol=1e-4, atol=1e-6)


def test_the_default_batch_has_32_rows() -> None:
    x, y = regression_data(70)
    model = linear()
    model.fit(x, y, verbose=0)
    assert model.optimizer.step_count == 3


def test_evaluate_is_the_mean_over_all_rows_whatever_the_batch() -> None:
    x, y = regression_data()
    model = linear(metrics=["mae"])
    error = reference_of(model).predict(x) - y
    for batch_size in (1, 5, 7, 100):
        loss, mae = model.evaluate(x, y, batch_size=batch_size, verbose=0)
        assert loss == pytest.approx((error**2).mean(), rel=1e-5)
        assert mae == pytest.approx(np.abs(error).mean(), rel=1e-5)


def test_sample_weights_scale_the_rows_and_not_the_divisor() -> None:
    x, y = regression_data()
    weight = np.random.default_rng(7).uniform(0, 3, ROWS)
    model = linear()
    expected = reference_of(model)
    expected.fit(x, y, 5, epochs=2, weight=weight)
    history = model.fit(x, y, batch_size=5, epochs=2, sample_weight=weight, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected.epoch_losses, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], expected.w, rtol=1e-4, atol=1e-6)


def test_only_weighted_metrics_see_the_sample_weights() -> None:
    x, y = regression_data()
    weight = np.random.default_rng(7).uniform(0, 3, ROWS)
    model = linear(metrics=["mae"], weighted_metrics=["mse"])
    error = reference_of(model).predict(x) - y
    logs = model.evaluate(x, y, sample_weight=weight, batch_size=5, return_dict=True, verbose=0)
    squares = (error**2).mean(axis=1)
    assert logs["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert logs["mse"] == pytest.approx((weight * squares).sum() / weight.sum(), rel=1e-5)
    assert logs["loss"] == pytest.approx((weight * squares).mean(), rel=1e-5)


def test_rows_of_weight_zero_teach_nothing() -> None:
    x, y = regression_data()
    spoiled = y.copy()
    spoiled[::2] = 1e6
    weight = np.ones(ROWS)
    weight[::2] = 0
    models = [linear(), linear()]
    for model, target in zip(models, (y, spoiled), strict=True):
        model.fit(x, target, batch_size=5, sample_weight=weight, shuffle=False, verbose=0)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weights_are_weights_of_rows(one_hot: bool) -> None:
    x, _ = regression_data()
    y = labels()
    weights = {0: 0.5, 1: 2.0, 2: 1.5}
    target = np.eye(3)[y] if one_hot else y
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    by_class, by_row = classifier(loss=loss), classifier(loss=loss)
    one = by_class.fit(x, target, batch_size=6, class_weight=weights, verbose=0, shuffle=False)
    two = by_row.fit(x, target, batch_size=6, sample_weight=[weights[k] for k in y], verbose=0, shuffle=False)
    assert one.history == two.history
    np.testing.assert_array_equal(by_class.get_weights()[0], by_row.get_weights()[0])


def test_a_class_without_a_weight_counts_one() -> None:
    x, _ = regression_data()
    y = labels()
    models = [classifier(), classifier()]
    histories = [
        model.fit(x, y, class_weight=weights, verbose=0).history
        for model, weights in zip(models, ({1: 3.0}, {0: 1.0, 1: 3.0, 2: 1.0}), strict=True)
    ]
    assert histories[0] == histories[1]


def test_train_on_batch_is_one_step_on_the_whole_batch() -> None:
    x, y = regression_data()
    model = linear(metrics=["mae"])
    expected = reference_of(model)
    loss = expected.step(x.astype(np.float64), y.astype(np.float64), np.ones(ROWS))
    logs = model.train_on_batch(x, y, return_dict=True)
    assert list(logs) == ["loss", "mae"]
    assert logs["loss"] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], expected.w, rtol=1e-5, atol=1e-6)


def test_the_logs_of_a_single_batch_are_its_own() -> None:
    x, y = regression_data()
    model = linear()
    error = reference_of(model).predict(x) - y
    model.test_on_batch(x[:7], y[:7])
    assert model.test_on_batch(x[7:], y[7:]) == pytest.approx((error[7:] ** 2).mean(), rel=1e-5)
    assert model.test_on_batch(x[:7], y[:7]) == pytest.approx((error[:7] ** 2).mean(), rel=1e-5)


def test_test_on_batch_changes_no_weight() -> None:
    x, y = regression_data()
    model = linear()
    before = model.get_weights()
    model.test_on_batch(x, y)
    model.evaluate(x, y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_regularizers_count_once_in_the_loss() -> None:
    x, y = regression_data()
    dense = layers.Dense(
        2, kernel_regularizer=dtrain.regularizers.L2(0.1), bias_regularizer=dtrain.regularizers.L1(0.3)
    )
    model = dtrain.Sequential([dtrain.Input((4,)), dense])
    model.compile(dtrain.optimizers.SGD(0.0), "mse", metrics=["mse"])
    w, b = dense.get_weights()
    penalty = 0.1 * (w.astype(np.float64) ** 2).sum() + 0.3 * np.abs(b).sum()
    for batch_size in (4, 23):
        logs = model.evaluate(x, y, batch_size=batch_size, return_dict=True, verbose=0)
        assert logs["loss"] - logs["mse"] == pytest.approx(penalty, rel=1e-4)
        history = model.fit(x, y, batch_size=batch_size, verbose=0).history
        assert history["loss"][0] - history["mse"][0] == pytest.approx(penalty, rel=1e-4)


def test_regularizers_have_their_gradient() -> None:
    x, y = regression_data()
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(2, kernel_regularizer=dtrain.regularizers.L2(0.25))])
    model.compile(dtrain.optimizers.SGD(0.1), "mse")
    expected = reference_of(model)
    start = expected.w
    expected.step(x.astype(np.float64), y.astype(np.float64), np.ones(ROWS))
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[0], expected.w - 0.1 * 0.5 * start, rtol=1e-5, atol=1e-6)


class _Penalty(layers.Layer):
    def call(self, inputs: Any) -> Any:
        self.add_loss(0.5 * ops.mean(ops.square(inputs)))
        return inputs


def test_what_a_layer_adds_counts_once_and_is_minimised() -> None:
    x, y = regression_data()
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(2), _Penalty()])
    model.compile(dtrain.optimizers.SGD(0.1), "mse", metrics=["mse"])
    w, b = (a.astype(np.float64) for a in model.get_weights())
    out = x @ w + b
    logs = model.train_on_batch(x, y, return_dict=True)
    assert logs["loss"] == pytest.approx(((out - y) ** 2).mean() + 0.5 * (out**2).mean(), rel=1e-5)
    slope = (2 * (out - y) + out) / out.size
    np.testing.assert_allclose(model.get_weights()[0], w - 0.1 * x.T @ slope, rtol=1e-5, atol=1e-6)


def test_a_model_without_a_loss_minimises_what_its_layers_add() -> None:
    x, _ = regression_data()
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(2), _Penalty()])
    model.compile(dtrain.optimizers.SGD(0.1))
    losses = model.fit(x, epochs=5, verbose=0).history["loss"]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_activity_regularizers_are_means_over_rows() -> None:
    x, y = regression_data()
    dense = layers.Dense(2, activity_regularizer=dtrain.regularizers.L2(0.1))
    model = dtrain.Sequential([dtrain.Input((4,)), dense])
    model.compile("sgd", "mse", metrics=["mse"])
    w, b = dense.get_weights()
    logs = model.evaluate(x, y, batch_size=ROWS, return_dict=True, verbose=0)
    assert logs["loss"] - logs["mse"] == pytest.approx(0.1 * ((x @ w + b) ** 2).sum() / ROWS, rel=1e-4)


def test_gradients_of_unused_weights_are_zero() -> None:
    x = dtrain.Input((4,))
    used, unused = layers.Dense(2, name="used")(x), layers.Dense(3, name="unused")(x)
    model = dtrain.Model(x, [used, unused])
    model.compile("sgd", loss=["mse", None])
    data, y = regression_data()
    before = model.get_layer("unused").get_weights()
    model.fit(data, [y, np.zeros((ROWS, 3))], verbose=0)
    for a, b in zip(before, model.get_layer("unused").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
