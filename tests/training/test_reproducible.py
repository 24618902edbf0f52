"""`reproducible=True` on one process: the numbers of the ordinary mode, and what it leaves behind."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import dtrain
from dtrain import layers
from dtrain.checkpoint import newest_good
from dtrain.training import checkpointing
from dtrain.training.micro_shards import shard_count
from dtrain.training.training_checkpoint import TrainingCheckpoint
from tests.training.models import classifier, labels, linear, regression_data, two_outputs, two_targets


def normalized() -> Any:
    dtrain.utils.set_random_seed(3)
    model = dtrain.Sequential(
        [
            dtrain.Input((4,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("reproducible", [True, 1, 5, 64])
@pytest.mark.parametrize("batch_size", [3, 10, 64])
def test_fit_gives_the_numbers_of_the_ordinary_mode(batch_size: int, reproducible: bool | int) -> None:
    x, _ = regression_data()
    found = []
    for wanted in (False, reproducible):
        model = normalized()
        history = model.fit(
            x, labels(), batch_size=batch_size, epochs=2, validation_split=0.2, verbose=0, reproducible=wanted
        )
        outputs = model.predict(x, batch_size=batch_size, verbose=0, reproducible=wanted)
        evaluation = model.evaluate(x, labels(), batch_size=batch_size, verbose=0, reproducible=wanted)
        found.append([*model.get_weights(), outputs, evaluation, *map(np.array, history.history.values())])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)


def test_several_outputs_with_a_loss_each() -> None:
    x, a, b = two_targets()
    histories = [
        two_outputs(metrics=[["mae"], ["mse"]])
        .fit(x, [a, b], batch_size=10, epochs=2, verbose=0, reproducible=r)
        .history
        for r in (False, True)
    ]
    assert list(histories[0]) == list(histories[1])
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5)


@pytest.mark.parametrize("wanted", [0, -1, 1.5, "yes", None])
def test_other_values_are_refused(wanted: Any) -> None:
    x, y = regression_data()
    with pytest.raises(ValueError, match="number of micro-shards"):
        linear().fit(x, y, verbose=0, reproducible=wanted)


def test_fewer_micro_shards_than_processes_are_refused() -> None:
    assert shard_count(False, 100) is None
    assert shard_count(True, 8) == 8
    with pytest.raises(ValueError, match="8 micro-shards cannot be divided among 9 processes"):
        shard_count(True, 9)
    assert shard_count(9, 9) == 9


def test_a_layer_that_keeps_states_of_rows_is_refused() -> None:
    model = dtrain.Sequential([dtrain.Input((3, 2)), layers.LSTM(2, stateful=True, name="lstm")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="lstm: a layer with stateful=True"):
        model.fit(np.zeros((4, 3, 2)), np.zeros((4, 2)), verbose=0, reproducible=True)


def test_matrix_products_have_one_thread_only_while_it_runs() -> None:
    x, y = regression_data()
    seen: list[int] = []

    def look(*_: Any) -> None:
        seen.extend(library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info())

    look()
    before, seen[:] = list(seen), []
    linear().fit(x, y, verbose=0, callbacks=[dtrain.callbacks.LambdaCallback(on_epoch_end=look)], reproducible=True)
    assert set(seen) <= {1}
    seen.clear()
    look()
    assert seen == before


def test_the_ordinary_mode_goes_on_from_its_weights_and_sums() -> None:
    x, _ = regression_data()
    model = classifier(metrics=["accuracy"])
    model.fit(x, labels(), batch_size=10, verbose=0, reproducible=True)
    of_epoch = model.history.history["accuracy"][0]
    assert float(model.metrics[0].result()) == pytest.approx(of_epoch)
    model.reset_metrics()
    logs = model.test_on_batch(x, labels(), return_dict=True)
    assert logs == pytest.approx(model.evaluate(x, labels(), return_dict=True, verbose=0))


def test_an_evaluation_within_fit_is_reproducible_too() -> None:
    x, _ = regression_data()
    model = classifier(metrics=["accuracy"])
    pieces: list[int | None] = []

    def evaluate(*_: Any) -> None:
        model.evaluate(x, labels(), verbose=0)
        pieces.append(model._session.shards)

    callbacks = [dtrain.callbacks.LambdaCallback(on_epoch_end=evaluate)]
    model.fit(x, labels(), epochs=2, verbose=0, callbacks=callbacks, reproducible=4)
    assert pieces == [4, 4]
    assert model._session.shards is None


def test_a_checkpoint_says_how_batches_were_cut_and_another_way_warns(tmp_path: Path) -> None:
    x, y = regression_data()
    linear().fit(x, y, verbose=0, callbacks=[TrainingCheckpoint(tmp_path)], reproducible=4)
    _, state = newest_good(tmp_path)
    assert state.versions["micro-shards of a batch"] == "4"
    for reproducible in (False, 8):
        with pytest.warns(UserWarning, match="bits may differ: micro-shards of a batch: 4 when saved"):
            linear().fit(x, y, verbose=0, epochs=2, resume=tmp_path, reproducible=reproducible)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear().fit(x, y, verbose=0, epochs=2, resume=tmp_path, reproducible=4)


@pytest.mark.parametrize("component", ["numpy", "blas", "simd", "cpu", "kernels"])
def test_resuming_where_bits_may_differ_warns(tmp_path: Path, component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = regression_data()
    linear().fit(x, y, verbose=0, callbacks=[TrainingCheckpoint(tmp_path)], reproducible=True)
    saved = dict(newest_good(tmp_path)[1].versions)
    assert saved[component]
    monkeypatch.setattr(checkpointing, "_versions", lambda session: saved | {component: "another"})
    with pytest.warns(UserWarning, match=rf"bits may differ: {component}: .* when saved, another now"):
        linear().fit(x, y, verbose=0, epochs=2, resume=tmp_path, reproducible=True)
