"""A run that is broken off and gone on with ends as if nothing had happened, to the last bit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.checkpoint import CheckpointError
from dtrain.training.training_checkpoint import TrainingCheckpoint
from tests.training.runs import STEPS, BreakAfter, Broken, data, differences, network, optimizer, train

KINDS = ("adam", "schedule", "momentum", "average", "rmsprop")


@cache
def undisturbed(kind: str) -> dict[str, Any]:
    return train(kind)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("step-*.h5"))


def test_the_runs_stop_early_with_patience_and_changed_rates() -> None:
    assert 3 < len(undisturbed("adam")["epochs"]) < 9
    rates = undisturbed("adam")["history/learning_rate"]
    assert len(set(rates.tolist())) > 1
    assert len(undisturbed("momentum")["epochs"]) > 3


@pytest.mark.parametrize(
    ("kind", "broken_after"),
    [("adam", k) for k in (1, STEPS - 1, STEPS, STEPS + 1, 5 * STEPS + 4)] + [(k, 2 * STEPS + 4) for k in KINDS[1:]],
)
def test_going_on_in_the_middle_of_an_epoch_changes_no_bit(kind: str, broken_after: int, tmp_path: Path) -> None:
    with pytest.raises(Broken):
        train(kind, tmp_path, break_after=broken_after, every_steps=2)
    assert differences(train(kind, tmp_path), undisturbed(kind)) == []


@pytest.mark.parametrize("kind", ["adam", "momentum"])
def test_being_broken_off_again_and_again_changes_no_bit(kind: str, tmp_path: Path) -> None:
    for broken_after in (2, STEPS + 2, 5 * STEPS):
        with pytest.raises(Broken):
            train(kind, tmp_path, break_after=broken_after, every_steps=1)
    assert differences(train(kind, tmp_path), undisturbed(kind)) == []


@pytest.mark.parametrize("kind", ["adam", "average"])
def test_going_on_at_the_edge_of_an_epoch_changes_no_bit(kind: str, tmp_path: Path) -> None:
    train(kind, tmp_path, epochs=2)
    assert files(tmp_path)[-1] == f"step-{2 * STEPS:010d}.h5"
    # With "average", the end of fit puts averages in place of the weights; the file holds the weights.
    assert differences(train(kind, tmp_path), undisturbed(kind)) == []


def test_a_state_saved_after_the_last_step_of_an_epoch_is_before_its_validation(tmp_path: Path) -> None:
    class BreakAtEpochEnd(dtrain.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            if self.model.optimizer.step_count == 2 * STEPS:
                raise Broken

    with pytest.raises(Broken):
        train("adam", tmp_path, every_steps=STEPS, extra=[BreakAtEpochEnd()])
    assert files(tmp_path)[-1] == f"step-{2 * STEPS:010d}.h5"
    assert differences(train("adam", tmp_path), undisturbed("adam")) == []


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    first = train("adam", tmp_path)
    assert differences(first, undisturbed("adam")) == []
    assert differences(train("adam", tmp_path), first) == []


def test_steps_per_epoch_go_on_where_the_run_stood(tmp_path: Path) -> None:
    expected = train("adam", steps_per_epoch=4)
    with pytest.raises(Broken):
        train("adam", tmp_path, break_after=11, every_steps=3, steps_per_epoch=4)
    assert differences(train("adam", tmp_path, steps_per_epoch=4), expected) == []


def test_a_generator_is_brought_to_the_batch_where_the_run_stood(tmp_path: Path) -> None:
    def run(folder: Path | None, broken_after: int | None = None) -> list[Any]:
        dtrain.utils.set_random_seed(8)
        x, y = data()
        numbers = np.random.default_rng(2)

        def batches() -> Any:
            while True:
                rows = numbers.integers(0, len(x), 8)
                yield x[rows], y[rows]

        model = network()
        model.compile("adam", "mse")
        listed: list[Any] = [] if broken_after is None else [BreakAfter(broken_after)]
        if folder is not None:
            listed.append(TrainingCheckpoint(folder, every_steps=2))
        history = model.fit(batches(), steps_per_epoch=5, epochs=3, callbacks=listed, resume=folder, verbose=0)
        return [history.history["loss"], *(w.tolist() for w in model.get_weights())]

    with pytest.raises(Broken):
        run(tmp_path, 9)
    assert run(tmp_path) == run(None)


def test_an_empty_or_missing_folder_starts_from_the_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert differences(train("adam", folder), undisturbed("adam")) == []
        assert "starting from the beginning" in capsys.readouterr().out


def test_what_happens_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Broken):
        train("adam", tmp_path, break_after=STEPS + 3, every_steps=2)
    train("adam", tmp_path)
    assert f"step-{STEPS + 1:010d}.h5: epoch 2, step 1 of the epoch" in capsys.readouterr().out


def test_a_damaged_newest_file_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        train("adam", tmp_path, break_after=9, every_steps=2)
    newest = tmp_path / files(tmp_path)[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0x10
    newest.write_bytes(content)
    with pytest.warns(UserWarning, match=newest.name):
        found = train("adam", tmp_path)
    assert differences(found, undisturbed("adam")) == []


def test_files_that_are_all_damaged_are_an_error(tmp_path: Path) -> None:
    train("adam", tmp_path, epochs=1)
    for name in files(tmp_path):
        (tmp_path / name).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="can be read"):
        train("adam", tmp_path)


def resume(folder: Path, model: Any, rows: int | None = None, **arguments: Any) -> None:
    x, y = data()
    model.fit(x[:rows], y[:rows], **{"batch_size": 8, "epochs": 9, "verbose": 0, "resume": folder, **arguments})


@pytest.fixture
def broken_off(tmp_path: Path) -> Path:
    with pytest.raises(Broken):
        train("adam", tmp_path, break_after=5, every_steps=2)
    return tmp_path


def test_weights_of_another_model_are_listed(broken_off: Path) -> None:
    model = network(units=12)
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="another model") as caught:
        resume(broken_off, model)
    lines = str(caught.value).splitlines()
    assert any("the model has (6, 12)" in line and "the file (6, 9)" in line for line in lines)
    assert any("(12, 2)" in line and "(9, 2)" in line for line in lines)


def test_layers_that_are_missing_or_too_many_are_listed(broken_off: Path) -> None:
    model = dtrain.Sequential([dtrain.Input((6,)), layers.Dense(9), layers.Dense(3), layers.Dense(2)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="another model") as caught:
        resume(broken_off, model)
    assert "is missing" in str(caught.value)
    assert "is unknown to the model" in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), [("momentum", "SGD"), ("average", "average"), ("rmsprop", "RMSprop")])
def test_the_state_of_another_optimizer_is_refused(broken_off: Path, kind: str, name: str) -> None:
    model = network()
    model.compile(optimizer(kind), "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="another optimizer") as caught:
        resume(broken_off, model)
    assert "Adam" in str(caught.value)
    assert name in str(caught.value)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_optimizer_with_a_state_of_the_same_form_is_refused_too(broken_off: Path) -> None:
    model = network()
    model.compile(dtrain.optimizers.AdamW(0.02), "mse")
    with pytest.raises(ValueError, match="Adam.*compiled with AdamW"):
        resume(broken_off, model)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"batch_size": 16}, "batch_size was 8 and is 16"),
        ({"rows": 40}, "rows was 50 and is 40"),
        ({"shuffle": False}, "shuffle"),
    ],
)
def test_other_data_in_the_middle_of_an_epoch_is_refused(broken_off: Path, arguments: Any, field: str) -> None:
    model = network()
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=field):
        resume(broken_off, model, **arguments)
