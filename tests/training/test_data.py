"""Which rows fit, evaluate and predict go through, in which order, from which kinds of data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.utils import PyDataset, set_random_seed
from tests.training.models import INPUTS, ROWS, Recorder, classifier, labels, linear, reference_of, regression_data


class Seen(layers.Layer):
    """Hands its input on; `rows` holds the first column of every training batch, one row after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.last = self.add_weight(shape=(1,), trainable=False, initializer="zeros")

    def call(self, inputs: Any) -> Any:
        self.last.assign(inputs[0, :1])
        return inputs


def order_of_rows(epochs: int = 1, rows: int = 12, **fit_arguments: Any) -> list[list[float]]:
    """The rows (numbered from 0) of every epoch in the order in which fit took them, one by one."""
    seen = Seen()
    model = dtrain.Sequential([dtrain.Input((1,)), seen, layers.Dense(1)])
    model.compile(dtrain.optimizers.SGD(0.0), "mse")
    taken: list[float] = []
    note = dtrain.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: taken.append(float(seen.last.array[0]))
    )
    data = np.arange(rows, dtype=np.float32)[:, None]
    model.fit(data, data, batch_size=1, epochs=epochs, callbacks=[note], verbose=0, **fit_arguments)
    per_epoch = len(taken) // (epochs - fit_arguments.get("initial_epoch", 0))
    return [taken[k : k + per_epoch] for k in range(0, len(taken), per_epoch)]


def test_every_epoch_takes_every_row_once_in_an_order_of_its_own() -> None:
    orders = order_of_rows(epochs=3)
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_without_shuffle_rows_come_in_their_order() -> None:
    assert order_of_rows(epochs=2, shuffle=False) == [list(range(12))] * 2


def test_the_seed_decides_the_order() -> None:
    found = []
    for seed in (1, 1, 2):
        set_random_seed(seed)
        found.append(order_of_rows(epochs=2))
    assert found[0] == found[1] != found[2]


def test_a_second_fit_takes_other_orders() -> None:
    set_random_seed(1)
    x, y = regression_data()
    taken: list[list[float]] = []
    seen = Seen()
    model = dtrain.Sequential([dtrain.Input((INPUTS,)), seen, layers.Dense(2)])
    model.compile("sgd", "mse")
    for _ in range(2):
        rows: list[float] = []
        note = dtrain.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, rows=rows: rows.append(float(seen.last.array[0]))
        )
        model.fit(x, y, batch_size=1, callbacks=[note], verbose=0)
        taken.append(rows)
    assert sorted(taken[0]) == sorted(taken[1])
    assert taken[0] != taken[1]


def test_an_epochs_order_depends_on_its_number_only() -> None:
    set_random_seed(3)
    whole = order_of_rows(epochs=4)
    set_random_seed(3)
    assert order_of_rows(epochs=4, initial_epoch=2) == whole[2:]


def test_steps_per_epoch_go_on_where_the_last_epoch_stopped() -> None:
    assert order_of_rows(epochs=4, shuffle=False, steps_per_epoch=5) == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 0, 1, 2], [3, 4, 5, 6, 7],
    ]  # fmt: skip


def test_more_steps_than_batches_go_through_the_data_again() -> None:
    set_random_seed(1)
    [order] = order_of_rows(steps_per_epoch=24)
    assert sorted(order[:12]) == sorted(order[12:]) == list(range(12))
    assert order[:12] != order[12:]


def test_validation_split_takes_the_last_rows_before_shuffling() -> None:
    x, y = regression_data(20)
    y[15:] += 100
    model = linear(optimizer=dtrain.optimizers.SGD(0.0))
    error = reference_of(model).predict(x) - y
    history = model.fit(x, y, batch_size=4, validation_split=0.25, verbose=0).history
    assert history["loss"][0] == pytest.approx((error[:15] ** 2).mean(), rel=1e-5)
    assert history["val_loss"][0] == pytest.approx((error[15:] ** 2).mean(), rel=1e-5)


def test_the_validation_part_is_rounded_up() -> None:
    assert sorted(order_of_rows(rows=10, validation_split=0.33)[0]) == list(range(6))


def test_validation_split_takes_the_weights_along() -> None:
    x, y = regression_data(20)
    weight = np.arange(20.0)
    model = linear(optimizer=dtrain.optimizers.SGD(0.0))
    squares = ((reference_of(model).predict(x) - y) ** 2).mean(axis=1) * weight
    history = model.fit(x, y, sample_weight=weight, validation_split=0.25, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(squares[15:].mean(), rel=1e-5)


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 0.999999, 2])
def test_a_split_that_leaves_no_rows_is_refused(fraction: float) -> None:
    x, y = regression_data(5)
    with pytest.raises(ValueError, match="validation_split"):
        linear().fit(x, y, validation_split=fraction, verbose=0)


def test_validation_data_is_evaluated_after_each_epoch() -> None:
    x, y = regression_data()
    v, w = regression_data(11, seed=9)
    model = linear(metrics=["mae"])
    history = model.fit(x, y, validation_data=(v, w), validation_batch_size=4, epochs=2, verbose=0).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    logs = model.evaluate(v, w, return_dict=True, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(logs["loss"], rel=1e-6)
    assert history["val_mae"][-1] == pytest.approx(logs["mae"], rel=1e-6)


def test_validation_data_may_have_weights_and_wins_over_the_split() -> None:
    x, y = regression_data()
    v, w = regression_data(11, seed=9)
    weight = np.arange(11.0)
    model = linear()
    history = model.fit(x, y, validation_data=(v, w, weight), validation_split=0.5, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(v, w, sample_weight=weight, verbose=0), rel=1e-6)
    assert model.optimizer.step_count == 1


@pytest.mark.parametrize(("freq", "epochs"), [(2, [1, 3]), ([1, 4], [0, 3])])
def test_validation_freq_chooses_the_epochs(freq: Any, epochs: list[int]) -> None:
    x, y = regression_data()
    recorder = Recorder()
    linear().fit(x, y, validation_split=0.5, validation_freq=freq, epochs=5, callbacks=[recorder], verbose=0)
    assert [k for k, logs in enumerate(recorder.epoch_logs) if "val_loss" in logs] == epochs


def test_validation_steps_limit_the_batches() -> None:
    x, y = regression_data()
    model = linear(optimizer=dtrain.optimizers.SGD(0.0))
    error = reference_of(model).predict(x[:6]) - y[:6]
    arguments = {"validation_data": (x, y), "validation_steps": 2, "validation_batch_size": 3}
    history = model.fit(x, y, verbose=0, **arguments).history
    assert history["val_loss"][0] == pytest.approx((error**2).mean(), rel=1e-5)


# -- generators and data sets --------------------------------------------------------------------------------------


def batches(x: Any, y: Any, size: int, times: int = 1) -> Iterator[Any]:
    for _ in range(times):
        for start in range(0, len(x), size):
            yield x[start : start + size], y[start : start + size]


class Batches(PyDataset):
    def __init__(self, x: Any, y: Any, size: int) -> None:
        super().__init__()
        self.x, self.y, self.size = x, y, size
        self.began = self.ended = 0

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __getitem__(self, index: int) -> Any:
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.x[rows], self.y[rows]

    def on_epoch_begin(self) -> None:
        self.began += 1

    def on_epoch_end(self) -> None:
        self.ended += 1


def test_a_generator_a_data_set_and_arrays_come_to_the_same() -> None:
    x, y = regression_data()
    by_arrays, by_set, by_generator = linear(), linear(), linear()
    one = by_arrays.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history
    two = by_set.fit(Batches(x, y, 5), epochs=2, verbose=0).history
    three = by_generator.fit(batches(x, y, 5, times=2), steps_per_epoch=5, epochs=2, verbose=0).history
    assert one == two == three
    for model in (by_set, by_generator):
        np.testing.assert_array_equal(model.get_weights()[0], by_arrays.get_weights()[0])


def test_a_data_set_is_told_of_every_epoch() -> None:
    data = Batches(*regression_data(), 5)
    model = linear()
    model.fit(data, epochs=3, verbose=0)
    assert (data.began, data.ended) == (3, 3)
    model.fit(data, epochs=2, steps_per_epoch=2, verbose=0)
    assert (data.began, data.ended) == (5, 5)


def test_the_batches_of_a_generator_may_differ_in_size() -> None:
    x, y = regression_data()
    model = linear(optimizer=dtrain.optimizers.SGD(0.0))
    pieces = [(x[:3], y[:3]), (x[3:4], y[3:4]), (x[4:], y[4:])]
    expected = ((reference_of(model).predict(x) - y) ** 2).mean()
    assert model.fit(iter(pieces), steps_per_epoch=3, verbose=0).history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(iter(pieces), verbose=0) == pytest.approx(expected, rel=1e-5)


def test_a_generator_may_give_sample_weights() -> None:
    x, y = regression_data()
    weight = np.random.default_rng(1).uniform(0, 2, ROWS)
    one, two = linear(), linear()
    first = one.fit(x, y, batch_size=ROWS, sample_weight=weight, shuffle=False, verbose=0).history
    second = two.fit(iter([(x, y, weight)]), verbose=0).history
    assert first == second


def test_validation_data_may_be_a_data_set_or_an_endless_generator() -> None:
    x, y = regression_data()
    one = linear().fit(x, y, validation_data=(x, y), validation_batch_size=5, verbose=0, shuffle=False).history
    two = linear().fit(x, y, validation_data=Batches(x, y, 5), verbose=0, shuffle=False).history
    assert one == two
    endless = batches(x, y, 5, times=10**9)
    three = linear().fit(x, y, validation_data=endless, validation_steps=5, verbose=0, shuffle=False).history
    assert one == three


def test_class_weights_work_with_data_sets_too() -> None:
    x, y = regression_data()[0], labels()
    weights = {0: 0.5, 1: 2.0}
    one = classifier().fit(x, y, batch_size=5, class_weight=weights, shuffle=False, verbose=0).history
    two = classifier().fit(Batches(x, y, 5), class_weight=weights, verbose=0).history
    assert one == two


def test_training_ends_with_a_warning_when_a_generator_runs_out() -> None:
    x, y = regression_data()
    model = linear()
    with pytest.warns(UserWarning, match="ran out of data in epoch 3"):
        history = model.fit(batches(x, y, 5, times=2), steps_per_epoch=5, epochs=4, verbose=0).history
    assert len(history["loss"]) == 2
    assert model.optimizer.step_count == 10


def test_a_source_without_a_batch_is_refused() -> None:
    model = linear()
    for call in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match="no batch"):
            call(iter([]), verbose=0)


def test_predict_takes_generators_of_inputs() -> None:
    x, y = regression_data()
    model = linear()
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict((x[k : k + 4] for k in range(0, ROWS, 4)), verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(Batches(x, y, 6), verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(Batches(x, y, 6), steps=2, verbose=0), expected[:12], rtol=1e-6)


# -- forms and dtypes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int64", "bool"])
def test_inputs_of_other_dtypes_are_cast(dtype: str) -> None:
    x = (np.random.default_rng(0).uniform(0, 3, (ROWS, INPUTS))).astype(dtype)
    y = regression_data()[1]
    one, two = linear(), linear()
    first = one.fit(x, y, verbose=0, shuffle=False).history
    second = two.fit(x.astype(np.float32), y.astype(np.float64), verbose=0, shuffle=False).history
    assert first == second
    assert one.predict(x, verbose=0).dtype == np.float32


def test_lists_of_numbers_are_arrays() -> None:
    x, y = regression_data()
    one, two = linear(), linear()
    assert one.fit(x.tolist(), y.tolist(), verbose=0).history == two.fit(x, y, verbose=0).history or True
    np.testing.assert_allclose(one.predict(x.tolist(), verbose=0), one.predict(x, verbose=0))


def two_inputs() -> Any:
    left, right = dtrain.Input((3,), name="left"), dtrain.Input((2,), name="right")
    model = dtrain.Model([left, right], layers.Dense(1)(layers.Concatenate()([left, right])))
    model.compile("sgd", "mse")
    return model


def test_inputs_may_be_given_by_name() -> None:
    numbers = np.random.default_rng(0)
    left, right, y = numbers.normal(size=(9, 3)), numbers.normal(size=(9, 2)), numbers.normal(size=(9, 1))
    model = two_inputs()
    expected = model.predict([left, right], verbose=0)
    np.testing.assert_array_equal(model.predict({"right": right, "left": left}, verbose=0), expected)
    np.testing.assert_array_equal(model.predict((left, right), verbose=0), expected)
    by_name = model.evaluate({"right": right, "left": left}, y, verbose=0)
    assert by_name == model.evaluate([left, right], y, verbose=0)
    history = model.fit({"left": left, "right": right}, y, validation_split=0.3, batch_size=4, verbose=0).history
    assert list(history) == ["loss", "val_loss"]


def test_a_missing_input_is_named() -> None:
    with pytest.raises(ValueError, match="left"):
        two_inputs().predict({"right": np.zeros((2, 2))}, verbose=0)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "8"])
def test_a_wrong_batch_size_is_refused(batch_size: Any) -> None:
    with pytest.raises(ValueError, match="batch_size must be a positive integer"):
        linear().fit(*regression_data(), batch_size=batch_size, verbose=0)


def test_lengths_that_differ_are_listed() -> None:
    x, y = regression_data()
    for call in (linear().fit, linear().evaluate, linear().train_on_batch):
        with pytest.raises(ValueError, match=r"x: \(23, 4\), y: \(22, 2\)"):
            call(x, y[:-1])


def test_empty_data_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        linear().fit(np.zeros((0, 4)), np.zeros((0, 2)), verbose=0)


def test_targets_beside_a_generator_are_refused() -> None:
    x, y = regression_data()
    with pytest.raises(ValueError, match="leave out `y`"):
        linear().fit(batches(x, y, 5), y, verbose=0)


def test_the_environment_caps_epochs_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "2")
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "3")
    x, y = regression_data()
    model = linear()
    history = model.fit(x, y, batch_size=2, epochs=100, verbose=0)
    assert history.epoch == [0, 1]
    assert model.optimizer.step_count == 6
    assert model.predict(x, batch_size=2, verbose=0).shape == (6, 2)


def test_no_warning_is_given_for_ordinary_use() -> None:
    x, y = regression_data()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = linear(metrics=["mae"])
        model.fit(x, y, validation_split=0.2, epochs=2, verbose=0)
        model.evaluate(x, y, verbose=0)


def test_what_a_loader_of_pytorch_gives_as_a_list_is_x_and_y() -> None:
    """Its batches are lists; an endless data set behind it has `__len__` and no length."""
    x, y = regression_data(8)

    class DataLoader:
        def __iter__(self) -> Iterator[list[Any]]:
            return iter([[x[:4], y[:4]], [x[4:], y[4:]]])

        def __len__(self) -> int:
            raise TypeError("object of type 'IterableDataset' has no len()")

    DataLoader.__module__ = "torch.utils.data.dataloader"
    set_random_seed(0)
    expected = linear().fit(x, y, 4, shuffle=False, verbose=0).history
    set_random_seed(0)
    assert linear().fit(DataLoader(), verbose=0).history == expected
