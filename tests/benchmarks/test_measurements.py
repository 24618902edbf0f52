"""The measured models train, sides take turns in processes of their own, and ratios say who is faster."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain.benchmarks import report
from dtrain.benchmarks.models import MODELS, one_or_list
from dtrain.benchmarks.report import choose_sides, run
from dtrain.benchmarks.sides import SIDES, Side
from dtrain.benchmarks.turns import Case, Turns, measure, median, ratio


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_its_data_and_learns_from_it(name: str) -> None:
    dtrain.utils.set_random_seed(0)
    net = MODELS[name].build(dtrain)
    x, y = (one_or_list(arrays) for arrays in MODELS[name].data(8))
    losses = [np.atleast_1d(net.train_on_batch(x, y))[0] for _ in range(5)]
    assert losses[-1] < losses[0]


def test_sides_measure_in_turn_and_give_seconds_of_a_batch() -> None:
    rounds = measure(Case("train", "small", 8, 1), [SIDES["dtrain"], SIDES["dtrain-numpy"]], rounds=2, steps=3)
    assert [set(r) for r in rounds] == [{"dtrain", "dtrain-numpy"}] * 2
    assert all(0 < seconds < 10 for r in rounds for seconds in r.values())


def test_a_side_that_fails_says_why() -> None:
    broken = Side("dtrain", variables={"DTRAIN_KERNELS": "none such"})
    with Turns(broken, Case("train", "small", 8, 1), 1) as turns, pytest.raises(RuntimeError, match="none such"):
        turns.wait()


def test_a_row_names_the_measurement_and_its_ratio() -> None:
    case = Case("train", "cnn", 8, 2)
    row, ratios = report._row(case, [{"dtrain": 0.001, "dtrain-numpy": 0.002, "pytorch": 0.004}], 1e3, "ms a batch")
    assert row.startswith("train cnn 2 threads") and "dtrain    1.000 ms a batch" in row
    assert ratios == {
        "train cnn 2 threads, pytorch / dtrain": 4.0,
        "train cnn 2 threads, pytorch / dtrain-numpy": 2.0,
    }


def test_each_combination_has_a_row() -> None:
    rows = list(run(["predict", "train"], ["small"], [1], [SIDES["dtrain"]], rounds=1, steps=2))
    assert [row.split()[:2] for row, _ in rows] == [["predict", "small"], ["train", "small"]]


def test_start_is_counted_from_the_start_of_the_process() -> None:
    ((_, ratios),) = run(["start"], ["small"], [1], [SIDES["dtrain"]], rounds=1, steps=1)
    assert ratios == {}


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_the_times() -> None:
    rounds = [{"a": 1.0, "b": 2.0}, {"a": 10.0, "b": 20.0}, {"a": 100.0, "b": 200.0}]
    assert ratio(rounds, fast="a", slow="b") == 2.0
    assert median(rounds, "a") == 10.0


def test_only_installed_sides_are_chosen_and_dtrain_always() -> None:
    assert [side.name for side in choose_sides([])] == ["dtrain"]
    assert all(side.installed for side in choose_sides(["all"]))
