import json
import math

import numpy as np
import pytest

from dtrain import callbacks, optimizers
from dtrain.graph import Variable


class Model:
    """What callbacks use of a model."""

    def __init__(self):
        self.optimizer = optimizers.SGD(0.5)
        self.weight = 0
        self.stop_training = False
        self.history = None
        self.metrics = []
        self.saved = []

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = int(weights[0])

    def _settle(self):
        """No gradients are held back here."""

    def save(self, path, overwrite=True):
        self.saved.append(("model", path))

    def save_weights(self, path, overwrite=True):
        self.saved.append(("weights", path))


def run(model, listed, losses, name="val_loss", first=0):
    """Epochs with the given values of one log; returns the number of epochs run."""
    listed = callbacks.CallbackList(listed, add_history=True, model=model, epochs=len(losses), steps=2, verbose=0)
    listed.on_train_begin()
    for epoch, loss in enumerate(losses, start=first):
        listed.on_epoch_begin(epoch)
        for step in range(2):
            listed.on_train_batch_begin(step)
            listed.on_train_batch_end(step, {"loss": loss})
        model.weight = epoch + 1
        listed.on_epoch_end(epoch, {"loss": np.float32(loss), name: loss})
        if model.stop_training:
            break
    listed.on_train_end()
    return len(model.history.epoch)


def resumed(make, model, losses, cut, name="val_loss"):
    """As `run`, but in two halves whose second knows the first by its state only."""
    first = callbacks.CallbackList([make()], model=model, epochs=len(losses))
    first.on_train_begin()
    for epoch in range(cut):
        first.on_epoch_begin(epoch)
        model.weight = epoch + 1
        first.on_epoch_end(epoch, {name: losses[epoch]})
    state, arrays = json.loads(json.dumps(first.state())), first.arrays()
    second = callbacks.CallbackList([make()], model=model, epochs=len(losses))
    second.on_train_begin()
    second.load_state(state)
    second.load_arrays(arrays)
    for epoch in range(cut, len(losses)):
        second.on_epoch_begin(epoch)
        model.weight = epoch + 1
        second.on_epoch_end(epoch, {name: losses[epoch]})
        if model.stop_training:
            break
    second.on_train_end()
    return model


def test_history_keeps_plain_numbers_by_name_and_is_given_to_the_model():
    model = Model()
    run(model, [], [3.0, 2.0])
    assert model.history.history == {"loss": [3.0, 2.0], "val_loss": [3.0, 2.0]}
    assert type(model.history.history["loss"][0]) is float
    assert model.history.epoch == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "losses", "epochs"),
    [
        ({}, [3, 2, 2, 1], 3),
        ({"patience": 2}, [3, 2, 2, 2, 1], 4),
        ({"min_delta": 0.5}, [3, 2.8, 1], 2),
        ({"baseline": 1.0}, [3, 2.9, 2.8, 2.7], 4),
        ({"start_from_epoch": 2}, [1, 2, 3, 4, 5], 4),
        ({"mode": "max"}, [1, 2, 3, 2, 4], 4),
        ({}, [3, math.nan, 2], 2),
    ],
)
def test_early_stopping_stops_when_the_value_no_longer_falls(arguments, losses, epochs):
    assert run(Model(), [callbacks.EarlyStopping(**arguments)], losses) == epochs


def test_early_stopping_brings_the_best_weights_back():
    model = Model()
    run(model, [callbacks.EarlyStopping(patience=2, restore_best_weights=True)], [3, 1, 2, 2, 5])
    assert model.weight == 2


def test_early_stopping_goes_on_in_the_middle_of_its_patience():
    losses = [3, 1, 2, 2, 2, 0]

    def make():
        return callbacks.EarlyStopping(patience=3, restore_best_weights=True)

    whole = Model()
    run(whole, [make()], losses)
    for cut in range(1, 4):
        model = resumed(make, Model(), losses, cut)
        assert (model.weight, model.stop_training) == (whole.weight, whole.stop_training) == (2, True)


def test_a_name_tells_whether_high_or_low_is_better():
    assert run(Model(), [callbacks.EarlyStopping("val_accuracy")], [1, 2, 3, 2, 4], "val_accuracy") == 4
    assert run(Model(), [callbacks.EarlyStopping("val_main_loss")], [3, 2, 3], "val_main_loss") == 3
    with pytest.raises(ValueError, match="mode='max' or mode='min'"):
        run(Model(), [callbacks.EarlyStopping("val_colour")], [1, 2], "val_colour")


def test_a_metric_knows_its_own_direction():
    class Colour:
        name = "colour"
        _direction = "up"

    model = Model()
    model.metrics = [Colour()]
    assert run(model, [callbacks.EarlyStopping("val_colour")], [1, 2, 3, 2], "val_colour") == 4


def test_a_value_that_is_not_logged_is_named_with_those_that_are():
    with pytest.warns(UserWarning, match="'val_lost' is not among the logs: loss, val_loss"):
        run(Model(), [callbacks.EarlyStopping("val_lost")], [1])


def test_reduce_lr_on_plateau_lowers_the_rate_and_waits():
    model = Model()
    reducer = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.1)
    run(model, [reducer], [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
    rates = model.history.history["learning_rate"]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    assert rates[:4] == [0.5, 0.5, 0.5, 0.25]


def test_reduce_lr_on_plateau_goes_on_in_the_middle_of_its_patience():
    losses = [3.0, 3, 3, 3, 3, 3]

    def make():
        return callbacks.ReduceLROnPlateau(factor=0.5, patience=2)

    whole = Model()
    run(whole, [make()], losses)
    for cut in range(1, 5):
        model = resumed(make, Model(), losses, cut)
        assert float(model.optimizer.learning_rate) == float(whole.optimizer.learning_rate) == 0.125


@pytest.mark.parametrize("schedule", [lambda epoch: 1.0 / (epoch + 1), lambda epoch, rate: rate / 2])
def test_learning_rate_scheduler_sets_and_logs_the_rate(schedule):
    model = Model()
    scheduler = callbacks.LearningRateScheduler(schedule)
    run(model, [scheduler], [1, 1])
    assert model.history.history["learning_rate"][-1] == float(model.optimizer.learning_rate)
    assert float(model.optimizer.learning_rate) in (0.5, 0.125)


def test_learning_rate_scheduler_wants_a_number():
    with pytest.raises(ValueError, match="return a number"):
        run(Model(), [callbacks.LearningRateScheduler(lambda epoch: "fast")], [1])


def test_model_checkpoint_fills_in_the_path(tmp_path):
    model = Model()
    run(model, [callbacks.ModelCheckpoint(tmp_path / "new/{epoch:02d}-{val_loss:.1f}.keras")], [3, 2])
    assert model.saved == [("model", str(tmp_path / "new/01-3.0.keras")), ("model", str(tmp_path / "new/02-2.0.keras"))]
    assert (tmp_path / "new").is_dir()


def test_model_checkpoint_saves_the_best_only(tmp_path):
    model = Model()
    path = str(tmp_path / "{epoch}.weights.h5")
    run(model, [callbacks.ModelCheckpoint(path, save_best_only=True, save_weights_only=True)], [3, 4, 2, 2.5])
    assert [p.rsplit("/", 1)[1] for _, p in model.saved] == ["1.weights.h5", "3.weights.h5"]


def test_model_checkpoint_saves_by_steps_across_epochs(tmp_path):
    model = Model()
    run(model, [callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=3)], [3, 2, 1])
    assert [p.rsplit("/", 1)[1] for _, p in model.saved] == ["2-1.keras", "3-2.keras"]


def test_only_the_main_process_saves(tmp_path, monkeypatch):
    from dtrain.distributed import console

    monkeypatch.setattr(console, "is_main", lambda: False)
    model = Model()
    listed = [callbacks.ModelCheckpoint(tmp_path / "a.keras"), callbacks.CSVLogger(tmp_path / "log.csv")]
    run(model, listed, [3])
    assert model.saved == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "a.txt"}, r"end in .keras or .h5"),
        ({"filepath": "a.h5", "save_weights_only": True}, r"end in .weights.h5"),
        ({"filepath": "a.keras", "save_freq": 0}, "save_freq"),
        ({"filepath": "a.keras", "mode": "up"}, "mode must be"),
    ],
)
def test_model_checkpoint_refuses_nonsense(arguments, message):
    with pytest.raises(ValueError, match=message):
        callbacks.ModelCheckpoint(**arguments)


def test_an_unknown_placeholder_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(KeyError, match="Known here: epoch, loss, val_loss"):
        run(Model(), [callbacks.ModelCheckpoint(tmp_path / "{val_lost}.keras")], [1])


def test_csv_logger_writes_a_line_per_epoch(tmp_path):
    path = tmp_path / "log.csv"
    run(Model(), [callbacks.CSVLogger(path)], [3, 2])
    assert path.read_text().split() == ["epoch,loss,val_loss", "0,3.0,3", "1,2.0,2"]
    run(Model(), [callbacks.CSVLogger(path, append=True)], [1], first=2)
    assert path.read_text().split()[-1] == "2,1.0,1"
    assert path.read_text().count("epoch") == 1
    run(Model(), [callbacks.CSVLogger(path, separator=";")], [1])
    assert path.read_text().split() == ["epoch;loss;val_loss", "0;1.0;1"]


def test_csv_logger_that_goes_on_drops_the_lines_of_epochs_that_are_run_again(tmp_path):
    path = tmp_path / "log.csv"
    model = Model()
    first = callbacks.CallbackList([callbacks.CSVLogger(path)], model=model)
    first.on_train_begin()
    first.on_epoch_end(0, {"val_loss": 3})
    state = first.state()
    first.on_epoch_end(1, {"val_loss": 2})
    second = callbacks.CallbackList([callbacks.CSVLogger(path)], model=model)
    second.on_train_begin()
    second.load_state(state)
    second.on_epoch_end(1, {"val_loss": 1})
    second.on_train_end()
    assert path.read_text().split() == ["epoch,val_loss", "0,3", "1,1"]


def test_csv_logger_finds_out_at_once_that_it_cannot_write(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        run(Model(), [callbacks.CSVLogger(tmp_path / "folder")], [1])


def test_terminate_on_nan_stops_at_the_step():
    model = Model()
    assert run(model, [callbacks.TerminateOnNaN()], [1, math.inf, 1]) == 2
    with pytest.raises(RuntimeError, match="nan at batch 0"):
        run(Model(), [callbacks.TerminateOnNaN(raise_error=True)], [math.nan])


def test_lambda_callback_calls_functions_by_name():
    seen = []
    callback = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]), on_test_begin=lambda logs: seen.append("test")
    )
    run(Model(), [callback], [1])
    callback.on_test_begin({})
    assert seen == [1.0, "test"]
    with pytest.raises(ValueError, match="unknown method 'on_lunch'"):
        callbacks.LambdaCallback(on_lunch=print)


def test_logs_of_steps_are_wanted_only_where_somebody_looks():
    plain = callbacks.CallbackList([callbacks.EarlyStopping(), callbacks.CSVLogger("x")], add_history=True)
    assert not plain.wants_batch_logs
    for callback in (
        callbacks.TerminateOnNaN(),
        callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
        callbacks.ModelCheckpoint("{epoch}.keras", save_freq=1),
    ):
        assert callbacks.CallbackList([callback]).wants_batch_logs


def test_on_batch_end_is_called_under_its_old_name_too():
    class Old(callbacks.Callback):
        seen = 0

        def on_batch_end(self, batch, logs=None):
            self.seen += 1

    old = Old()
    run(Model(), [[old]], [1, 1])
    assert old.seen == 4


def test_what_is_no_callback_is_refused():
    with pytest.raises(TypeError, match="instances of Callback"):
        callbacks.CallbackList([callbacks.History])


def test_swap_ema_weights_evaluates_with_averages_and_trains_without():
    model = Model()
    variable = Variable(np.zeros(1, np.float32))
    model.optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        model.optimizer.apply([np.ones(1)], [variable])
    swap = callbacks.CallbackList([callbacks.SwapEMAWeights()], model=model)
    swap.on_test_begin()
    assert variable.array[0] == -1.5
    swap.on_test_end()
    assert variable.array[0] == -2
    model.optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="use_ema=True"):
        swap.on_test_begin()


def test_progress_is_a_line_per_epoch_where_there_is_no_terminal(capsys):
    model = Model()
    listed = callbacks.CallbackList([], add_history=True, add_progbar=True, model=model, epochs=2, steps=2, verbose=1)
    assert not listed.wants_batch_logs
    listed.on_train_begin()
    for epoch in range(2):
        listed.on_epoch_begin(epoch)
        for step in range(2):
            listed.on_train_batch_end(step, {})
        listed.on_test_begin()
        listed.on_test_end({"loss": 1.0})
        listed.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 1.0})
    listed.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("2/2 - 0s - ")
    assert lines[1].endswith("/step - loss: 0.5000 - val_loss: 1.0000")
    assert len(lines) == 4
