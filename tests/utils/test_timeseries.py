"""Windows of time series, as data for fit."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.utils import timeseries_dataset_from_array

SERIES = np.arange(40, dtype=np.float32).reshape(20, 2)
TARGETS = np.arange(20)


def rows(data):
    return [np.concatenate(parts) for parts in zip(*data, strict=True)]


def test_windows_slide_and_take_their_targets_along():
    x, y = rows(timeseries_dataset_from_array(SERIES, TARGETS, 4, sequence_stride=3, sampling_rate=2, batch_size=2))
    assert x.shape == (5, 4, 2)
    np.testing.assert_array_equal(x[1, :, 0], [6, 10, 14, 18])
    np.testing.assert_array_equal(y, [0, 3, 6, 9, 12])


def test_times_count_from_the_start_index():
    data = timeseries_dataset_from_array(SERIES, TARGETS, 3, start_index=5, end_index=12, batch_size=100)
    [(x, y)] = list(data)
    np.testing.assert_array_equal(x[:, 0, 0], [10, 12, 14, 16, 18])
    np.testing.assert_array_equal(y, [5, 6, 7, 8, 9])
    assert len(data) == 1


def test_fewer_targets_give_fewer_windows_and_none_gives_windows_alone():
    assert len(timeseries_dataset_from_array(SERIES, TARGETS[:3], 4, batch_size=1)) == 3
    [x] = list(timeseries_dataset_from_array(SERIES, None, 4))
    assert x.shape == (17, 4, 2)


def test_without_a_batch_size_a_loop_gives_single_windows_and_fit_refuses():
    data = timeseries_dataset_from_array(SERIES, TARGETS, 4, batch_size=None)
    x, y = next(iter(data))
    assert x.shape == (4, 2) and y == 0
    model = dtrain.Sequential([dtrain.layers.Flatten(), dtrain.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="batch_size=None"):
        model.fit(data)


def test_each_pass_is_shuffled_anew_and_the_seed_repeats_it():
    def passes():
        data = timeseries_dataset_from_array(SERIES, TARGETS, 2, batch_size=100, shuffle=True, seed=3)
        return [y.tolist() for _ in range(2) for _, y in data]

    first, second = passes()
    assert first != second and sorted(first) == sorted(second) == list(range(19))
    assert passes() == [first, second]


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_index": -1}, {"start_index": 20}, {"start_index": 5, "end_index": 5}, {"end_index": 21},
        {"sampling_rate": 0}, {"sequence_stride": 21}, {"sequence_length": 0}, {"batch_size": 0},
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        timeseries_dataset_from_array(SERIES, TARGETS, **{"sequence_length": 4, **arguments})


def test_fit_evaluate_and_predict_take_windows_as_they_take_arrays():
    def trained(arrays):
        dtrain.utils.set_random_seed(1)
        model = dtrain.Sequential([dtrain.Input((4, 2)), dtrain.layers.Flatten(), dtrain.layers.Dense(1)])
        model.compile("adam", "mse")
        data = timeseries_dataset_from_array(SERIES / 40, TARGETS / 20, 4, batch_size=5, shuffle=True)
        x, y = rows(timeseries_dataset_from_array(SERIES / 40, TARGETS / 20, 4))
        given = {"x": x, "y": y, "batch_size": 5} if arrays else {"x": data}
        checked = (x, y) if arrays else timeseries_dataset_from_array(SERIES / 40, TARGETS / 20, 4, batch_size=32)
        history = model.fit(**given, epochs=3, validation_data=checked, verbose=0).history
        still = timeseries_dataset_from_array(SERIES / 40, TARGETS / 20, 4, batch_size=5)
        score = model.evaluate(x, y, verbose=0) if arrays else model.evaluate(still, verbose=0)
        return history, score, model.predict(x if arrays else still, verbose=0)

    (history, score, outputs), (expected, expected_score, expected_outputs) = trained(False), trained(True)
    assert history["loss"] == expected["loss"]
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-6)
    np.testing.assert_allclose(score, expected_score, rtol=1e-6)
    np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-6)
