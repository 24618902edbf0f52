"""Means and sums of values over batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import losses, metrics, ops
from dtrain.graph import as_tensor


def test_mean_is_that_of_all_rows_of_all_batches() -> None:
    mean = metrics.Mean()
    assert float(mean.result()) == 0
    mean.update_state([1.0, 2.0, 3.0])
    mean.update_state([10.0])
    assert float(mean.result()) == 4


def test_mean_divides_by_the_sum_of_the_weights() -> None:
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0], sample_weight=[1.0, 3.0])
    mean.update_state(5.0)
    assert float(mean.result()) == pytest.approx((1 + 6 + 5) / 5)


def test_a_row_of_several_values_counts_as_one() -> None:
    mean = metrics.Mean()
    mean.update_state([[1.0, 3.0], [5.0, 7.0]])
    mean.update_state([10.0])
    assert float(mean.result()) == pytest.approx((2 + 6 + 10) / 3)


@pytest.mark.parametrize("weights", [[1.0, 3.0], [[1.0], [3.0]], [[1.0, 1.0], [3.0, 3.0]]])
def test_weights_may_be_given_by_row_or_by_value(weights: Any) -> None:
    mean = metrics.Mean()
    mean.update_state([[1.0, 3.0], [5.0, 7.0]], sample_weight=weights)
    mean.update_state([10.0])
    assert float(mean.result()) == pytest.approx((2 + 18 + 10) / 5)


def test_sum_adds_weighted_values() -> None:
    total = metrics.Sum()
    total.update_state([1.0, 2.0], sample_weight=[3.0, 4.0])
    total.update_state(5.0)
    assert float(total.result()) == 16


def test_counts_beyond_two_to_the_24_go_on() -> None:
    total = metrics.Sum()
    total.update_state(2.0**24)
    for _ in range(8):
        total.update_state(1.0)
    assert float(total.total.array) == 2**24 + 8


def test_wrapper_hides_masked_rows_and_multiplies_weights() -> None:
    y_pred = as_tensor(np.array([[1.0], [2.0], [3.0]], "float32"))
    y_pred._keras_mask = as_tensor(np.array([True, False, True]))
    metric = metrics.MeanMetricWrapper(losses.mean_absolute_error)
    metric.update_state(np.zeros((3, 1)), y_pred)
    assert float(metric.result()) == 2
    metric.reset_state()
    metric.update_state(np.zeros((3, 1)), y_pred, sample_weight=np.array([1.0, 5.0, 3.0]))
    assert float(metric.result()) == pytest.approx((1 + 9) / 4)


def test_a_function_that_gives_one_number_is_not_masked() -> None:
    y_pred = as_tensor(np.array([[1.0], [3.0]], "float32"))
    y_pred._keras_mask = as_tensor(np.array([True, False]))
    metric = metrics.MeanMetricWrapper(lambda y_true, y_pred: ops.mean(y_pred))
    metric.update_state(np.zeros((2, 1)), y_pred)
    assert float(metric.result()) == 2


def test_reset_forgets_all_batches() -> None:
    mean = metrics.Mean()
    mean.update_state([7.0])
    mean.reset_state()
    mean.update_state([1.0, 2.0])
    assert float(mean.result()) == 1.5


def test_calling_a_metric_updates_it_and_gives_the_result() -> None:
    assert float(metrics.MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]])) == 2


def test_one_number_cannot_be_weighted_by_row() -> None:
    with pytest.raises(ValueError, match="one value for each row"):
        metrics.Mean().update_state(1.0, sample_weight=[1.0, 2.0])


def test_weights_of_another_shape_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        metrics.Mean().update_state([1.0, 2.0, 3.0], sample_weight=[1.0, 2.0])


class Spread(metrics.Metric):
    """A metric of a user that holds others."""

    def __init__(self, scale: float = 2.0, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale = scale
        self.low = self.add_variable((), initializer="ones", name="low")
        self.inner = {"mean": metrics.Mean(), "sum": metrics.Sum()}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.low.assign(ops.minimum(self.low, ops.min(y_pred)))
        for metric in self.inner.values():
            metric.update_state(ops.reshape(y_pred, (-1,)))

    def result(self) -> Any:
        return {"low": self.low.value, "mean": self.inner["mean"].result() * self.scale}


def test_a_users_metric_may_hold_metrics_and_give_a_dict() -> None:
    metric = Spread()
    metric.update_state(None, as_tensor([0.5, 1.5]))
    found = metric.result()
    assert float(found["low"]) == 0.5 and float(found["mean"]) == 2
    assert [v.name for v in metric.variables] == ["low", "total", "count", "total"]
    assert [v.name for v in metric.parts] == ["total", "count", "total"]
    metric.reset_state()
    assert float(metric.low) == 1  # the value that the initializer gave
    assert metrics.pack_parts([metric]).tolist() == [0, 0, 0]


def test_totals_give_back_what_the_variables_hold_after_an_error() -> None:
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0])
    with pytest.raises(RuntimeError, match="stop"), metrics.totals([mean], np.array([30.0, 3.0])):
        assert float(mean.result()) == 10
        raise RuntimeError("stop")
    assert float(mean.result()) == 1.5


def test_totals_of_another_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="vector of 2 sums"), metrics.totals([metrics.Mean()], np.zeros(3)):
        pass


def test_a_metric_without_super_init_is_told_so() -> None:
    class Forgetful(metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable((), "zeros")

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Forgetful()


def test_methods_that_are_missing_are_named() -> None:
    metric = metrics.Metric(name="mine")
    with pytest.raises(NotImplementedError, match="update_state"):
        metric.update_state()
    with pytest.raises(NotImplementedError, match="result"):
        metric.result()
