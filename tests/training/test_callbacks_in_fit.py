"""When fit, evaluate and predict call callbacks, and what these can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.callbacks import EarlyStopping, LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau
from tests.training.models import Recorder, linear, regression_data

BATCH = ["train_batch_begin", "batch_begin", "train_batch_end", "batch_end"]
TEST = ["test_begin", "test_batch_begin", "test_batch_end", "test_batch_begin", "test_batch_end", "test_end"]


def recorded(method: str, *args: Any, **kwargs: Any) -> list[str]:
    recorder = Recorder()
    getattr(linear(), method)(*args, callbacks=[recorder], verbose=0, **kwargs)
    return recorder.calls


def test_fit_calls_in_the_order_of_keras() -> None:
    x, y = regression_data(8)
    epoch = ["epoch_begin", *BATCH, *BATCH, *TEST, "epoch_end"]
    calls = recorded("fit", x, y, batch_size=4, epochs=2, validation_data=(x, y))
    assert calls == ["train_begin", *epoch, *epoch, "train_end"]


def test_evaluate_and_predict_call_theirs() -> None:
    x, y = regression_data(8)
    assert recorded("evaluate", x, y, batch_size=4) == TEST
    predictions = ["predict_batch_begin", "predict_batch_end"] * 2
    assert recorded("predict", x, batch_size=4) == ["predict_begin", *predictions, "predict_end"]


def test_the_logs_of_a_batch_are_those_of_the_epoch_so_far() -> None:
    x, y = regression_data(10)
    recorder = Recorder()
    model = linear(optimizer=dtrain.optimizers.SGD(0.0))
    history = model.fit(x, y, batch_size=3, shuffle=False, callbacks=[recorder], verbose=0).history
    for k, logs in enumerate(recorder.batch_logs):
        seen = min(3 * (k + 1), 10)
        assert logs["loss"] == pytest.approx(model.evaluate(x[:seen], y[:seen], verbose=0), rel=1e-5)
    assert recorder.batch_logs[-1]["loss"] == history["loss"][0] == recorder.epoch_logs[0]["loss"]


def test_callbacks_get_the_model_and_its_parameters() -> None:
    x, y = regression_data(8)
    recorder, model = Recorder(), linear()
    model.fit(x, y, batch_size=3, epochs=2, callbacks=recorder, verbose=0)
    assert recorder.model is model
    assert recorder.params == {"verbose": 0, "epochs": 2, "steps": 3}


def test_stop_training_ends_after_the_batch() -> None:
    class Stop(dtrain.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.model.optimizer.step_count == 4:
                self.model.stop_training = True

    x, y = regression_data(12)
    model = linear()
    history = model.fit(x, y, batch_size=4, epochs=9, callbacks=[Stop()], verbose=0)
    assert model.optimizer.step_count == 4
    assert history.epoch == [0, 1]
    model.fit(x, y, batch_size=12, epochs=2, verbose=0)
    assert model.optimizer.step_count == 6


def test_history_holds_each_epoch_and_belongs_to_the_model() -> None:
    x, y = regression_data()
    model = linear()
    history = model.fit(x, y, epochs=5, initial_epoch=2, verbose=0)
    assert model.history is history
    assert history.epoch == [2, 3, 4]
    assert len(history.history["loss"]) == 3
    assert len(model.fit(x, y, epochs=1, verbose=0).history["loss"]) == 1


def test_early_stopping_puts_the_best_weights_back() -> None:
    x, y = regression_data()
    model = linear()
    seen: list[Any] = []
    spoil = dtrain.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (
            seen.append(model.get_weights()),
            logs.update(val=[3.0, 1.0, 2.0, 2.5][epoch]),
        )
    )
    stop = EarlyStopping(monitor="val", mode="min", patience=2, restore_best_weights=True)
    history = model.fit(x, y, epochs=9, callbacks=[spoil, stop], verbose=0)
    assert history.epoch == [0, 1, 2, 3]
    assert stop.stopped_epoch == 3
    for restored, best in zip(model.get_weights(), seen[1], strict=True):
        np.testing.assert_array_equal(restored, best)


def test_a_schedule_sets_the_rate_of_each_epoch() -> None:
    x, y = regression_data()
    rates: list[float] = []
    model = linear()
    note = dtrain.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: rates.append(float(model.optimizer.learning_rate))
    )
    schedule = LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = model.fit(x, y, epochs=3, callbacks=[schedule, note], verbose=0).history
    assert rates == pytest.approx([0.05, 0.025, 0.0125])
    assert history["learning_rate"] == pytest.approx([0.05, 0.025, 0.0125])


def test_a_rate_that_is_changed_takes_effect_at_the_next_step() -> None:
    x, y = regression_data()
    model = linear()
    model.train_on_batch(x, y)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_the_rate_falls_on_a_plateau() -> None:
    x, y = regression_data()
    model = linear(optimizer=dtrain.optimizers.SGD(0.01))
    flat = dtrain.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val=1.0))
    plateau = ReduceLROnPlateau(monitor="val", mode="min", factor=0.5, patience=2)
    history = model.fit(x, y, epochs=5, callbacks=[flat, plateau], verbose=0).history
    assert history["learning_rate"] == pytest.approx([0.01, 0.01, 0.01, 0.005, 0.005])


def test_weights_are_saved_by_epoch_and_come_back(tmp_path: Path) -> None:
    x, y = regression_data()
    model = linear()
    path = tmp_path / "at-{epoch:02d}.weights.h5"
    seen: list[Any] = []
    note = dtrain.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    model.fit(x, y, epochs=3, callbacks=[ModelCheckpoint(path, save_weights_only=True), note], verbose=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"at-0{k}.weights.h5" for k in (1, 2, 3)]
    other = linear()
    other.load_weights(tmp_path / "at-02.weights.h5")
    for a, b in zip(other.get_weights(), seen[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_are_saved_by_steps(tmp_path: Path) -> None:
    x, y = regression_data(12)
    saver = ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2)
    linear().fit(x, y, batch_size=4, epochs=2, callbacks=[saver], verbose=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]


def test_only_the_best_is_saved(tmp_path: Path) -> None:
    x, y = regression_data()
    values = dtrain.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val=[2.0, 3.0, 1.0][epoch]))
    saver = ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5", "val", save_best_only=True, save_weights_only=True, mode="min"
    )
    linear().fit(x, y, epochs=3, callbacks=[values, saver], verbose=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.weights.h5", "3.weights.h5"]


def test_a_callback_may_evaluate_and_predict_at_the_end_of_an_epoch() -> None:
    x, y = regression_data()
    found: list[float] = []
    model, plain = linear(), linear()
    note = dtrain.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (found.append(model.evaluate(x, y, verbose=0)), model.predict(x, verbose=0))
    )
    one = model.fit(x, y, batch_size=5, epochs=3, shuffle=False, callbacks=[note], verbose=0).history
    two = plain.fit(x, y, batch_size=5, epochs=3, shuffle=False, validation_data=(x, y), verbose=0).history
    assert one["loss"] == two["loss"]
    assert found == pytest.approx(two["val_loss"])


def test_an_error_in_a_callback_reaches_the_caller_and_fit_works_again() -> None:
    x, y = regression_data()
    model = linear()

    def fail(epoch: int, logs: Any) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        model.fit(x, y, callbacks=[dtrain.callbacks.LambdaCallback(on_epoch_begin=fail)], verbose=0)
    assert len(model.fit(x, y, verbose=0).history["loss"]) == 1


def test_the_moving_average_of_weights_is_there_at_the_end() -> None:
    x, y = regression_data()
    model = linear(optimizer=dtrain.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    steps: list[Any] = []
    note = dtrain.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(model.get_weights()[0]))
    model.fit(x, y, batch_size=5, callbacks=[note], verbose=0)
    average = steps[0]
    for step in steps[1:]:
        average = 0.5 * average + 0.5 * step
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-5)


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_a_callback_can_stop_an_evaluation_or_prediction_of_endless_data(method: str) -> None:
    x, y = regression_data(4)
    flag = {"evaluate": "stop_evaluating", "predict": "stop_predicting"}[method]

    class Stop(dtrain.callbacks.Callback):
        batches = 0

        def _count(self, batch: int, logs: Any = None) -> None:
            self.batches += 1
            setattr(self.model, flag, self.batches == 3)

        on_test_batch_end = on_predict_batch_end = _count

    def endless() -> Any:
        while True:
            yield (x,) if method == "predict" else (x, y)

    model = linear()
    for _ in range(2):  # the second time, too
        stop = Stop()
        getattr(model, method)(endless(), callbacks=[stop], verbose=0)
        assert stop.batches == 3
