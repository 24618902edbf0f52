"""What a run leaves can be evaluated, used, exported and shown."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dtrain as dt
from dtrain.training.training_checkpoint import TrainingCheckpoint
from tests.cli.runs import CONFIG, dtrain, trained, write_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("runs"))


def rows_of(run: Path) -> list[dict[str, str]]:
    with open(run / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_configuration_history_and_the_last_checkpoints(run):
    assert sorted(path.name for path in run.iterdir()) == ["checkpoints", "config.toml", "history.csv"]
    assert list(rows_of(run)[0]) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert [row["epoch"] for row in rows_of(run)] == ["0", "1", "2"]
    steps = [int(path.stem.removeprefix("step-")) for path in sorted((run / "checkpoints").glob("step-*.h5"))]
    assert steps == [33, 36, 39]


def test_training_learns(run):
    assert float(rows_of(run)[-1]["loss"]) < float(rows_of(run)[0]["loss"])


@pytest.mark.parametrize("what", ["folder", "checkpoints", "file"])
def test_evaluate_gives_the_last_validation_of_the_run(run, what):
    place = {"folder": run, "checkpoints": run / "checkpoints", "file": run / "checkpoints/step-0000000039.h5"}[what]
    result = dtrain("evaluate", place)
    assert result.exit_code == 0, result.output
    values = dict(line.split(": ") for line in result.output.splitlines())
    assert float(values["loss"]) == pytest.approx(float(rows_of(run)[-1]["val_loss"]), rel=1e-4)
    assert float(values["accuracy"]) == pytest.approx(float(rows_of(run)[-1]["val_accuracy"]), rel=1e-4)


def test_evaluate_can_be_given_other_rows(run):
    assert dtrain("evaluate", run, "data.test_size=10").output != dtrain("evaluate", run).output


def test_exported_weights_are_those_of_the_run(run, tmp_path):
    file = tmp_path / "out.weights.h5"
    result = dtrain("export", run, file)
    assert result.exit_code == 0 and f"{784 * 16 + 16 + 160 + 10:,} weights of mlp" in result.output
    from dtrain.cli.restore import restore_model
    from dtrain.cli.zoo import mlp

    model = mlp((16,), 0.3)
    model.load_weights(file)
    for ours, theirs in zip(model.get_weights(), restore_model(run).model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again = dtrain("export", run, file)
    assert again.exit_code == 2 and "the file exists" in again.output
    assert dtrain("export", run, file, "--force").exit_code == 0
    assert "ends in .weights.h5" in dtrain("export", run, tmp_path / "out.h5").output


def test_inspect_shows_the_newest_checkpoint(run):
    output = dtrain("inspect", run).output
    lines = [line.split() for line in output.splitlines()]
    assert "step-0000000039.h5 (" in output and ["seal", "whole"] in lines
    assert ["weights/layers/dense/vars/0", "784", "×", "16", "float32", "ok"] in lines
    assert '"class_name": "Sequential"' in dtrain("inspect", run, "--texts").output


def test_a_finished_run_that_is_resumed_changes_nothing(run):
    before = (run / "history.csv").read_text()
    result = dtrain("train", write_config(run.parent), f"run.folder={run.parent}", "--resume")
    assert result.exit_code == 0, result.output
    assert (run / "history.csv").read_text() == before


def test_more_epochs_go_on_from_the_end(tmp_path):
    short = trained(tmp_path / "short", "train.epochs=2")
    result = dtrain("train", tmp_path / "short/small.toml", f"run.folder={short.parent}", "--resume")
    assert result.exit_code == 0 and "Going on from" in result.output, result.output
    whole = trained(tmp_path / "whole")
    assert (short / "history.csv").read_text() == (whole / "history.csv").read_text()
    assert "epochs = 3" in (short / "config.toml").read_text()


def test_a_resume_that_does_not_fit_leaves_the_run_as_it_was(tmp_path):
    run = trained(tmp_path)
    before = {path.name: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    other = ("train", tmp_path / "small.toml", f"run.folder={tmp_path}", "train.epochs=4", "model.hidden_units=[7]")
    result = dtrain(*other, "--resume")
    assert result.exit_code == 2 and "weights of another model" in result.output
    assert "(784, 7)" in result.output and "(784, 16)" in result.output
    assert {path.name: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_damaged_newest_checkpoint_is_passed_over_with_a_warning(tmp_path):
    run = trained(tmp_path, "train.epochs=2")
    newest = run / "checkpoints/step-0000000026.h5"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="Going back to .*step-0000000024.h5"):
        result = dtrain("train", tmp_path / "small.toml", f"run.folder={tmp_path}", "--resume")
    assert result.exit_code == 0, result.output
    assert [row["epoch"] for row in rows_of(run)] == ["0", "1", "2"]


def test_two_outputs_are_trained_and_shown_by_name(tmp_path):
    two = '[model]\nname = "two_outputs"\nhidden_units = [16]\n[train]\nepochs = 1\n[run]\nname = "run"\n'
    losses = 'loss = { group = "sparse_categorical_crossentropy", parity = "binary_crossentropy" }\n'
    metrics = 'metrics = { group = "accuracy", parity = "accuracy" }\n'
    data = '[data]\ntrain_size = 100\ntest_size = 20\ntargets = "group_and_parity"\n'
    path = write_config(tmp_path, f"{two}[compile]\n{losses}{metrics}{data}")
    result = dtrain("train", path, f"run.folder={tmp_path}")
    assert result.exit_code == 0, result.output
    names = {"group_loss", "parity_loss", "group_accuracy", "parity_accuracy", "loss"}
    assert names | {f"val_{name}" for name in names} | {"epoch"} == set(rows_of(tmp_path / "run")[0])
    np.save(tmp_path / "rows.npy", np.zeros((2, 28, 28), np.uint8))
    lines = dtrain("predict", tmp_path / "run", tmp_path / "rows.npy").output.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(r"group: \d \([01]\.\d{4}\)  parity: [01]\.\d{4}", line) for line in lines)


def test_a_model_of_the_users_own_script_comes_back_without_the_script(tmp_path):
    model = dt.Sequential([dt.Input((4,)), dt.layers.Dense(3, activation="tanh"), dt.layers.Dense(2)], name="own")
    model.compile("adam", "mse")
    x = np.random.default_rng(0).random((8, 4), np.float32)
    model.fit(x, np.ones((8, 2)), verbose=0, callbacks=[TrainingCheckpoint(tmp_path / "saved")])
    np.save(tmp_path / "x.npy", x)
    assert dtrain("predict", tmp_path / "saved", tmp_path / "x.npy", "-o", tmp_path / "y.npz").exit_code == 0
    with np.load(tmp_path / "y.npz") as outputs:
        np.testing.assert_array_equal(outputs[model.output_names[0]], model.predict(x, verbose=0))
    result = dtrain("evaluate", tmp_path / "saved")
    assert result.exit_code == 2 and "needs the configuration of a run" in result.output


def test_a_subclassed_model_says_what_is_missing(tmp_path):
    class Own(dt.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = dt.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[TrainingCheckpoint(tmp_path)])
    result = dtrain("export", tmp_path, tmp_path / "out.weights.h5")
    assert result.exit_code == 2 and len(result.output.splitlines()) == 1
    assert "code of its own" in result.output or "cannot be made again" in result.output


def test_a_saved_model_can_be_used_too(tmp_path):
    model = dt.Sequential([dt.Input((4,)), dt.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", np.ones(4, np.float32))
    result = dtrain("predict", tmp_path / "m.keras", tmp_path / "x.npy")
    assert result.exit_code == 0 and len(result.output.splitlines()) == 1, result.output


def test_a_failure_in_the_users_own_file_keeps_its_traceback(tmp_path):
    (tmp_path / "mine.py").write_text("import dtrain\ndef build():\n    return dtrain.layers.Dense(-1)\n")
    path = write_config(tmp_path, CONFIG.replace("hidden_units = [16]\ndropout = 0.3", 'file = "mine.py:build"'))
    result = dtrain("train", path, f"run.folder={tmp_path}")
    assert isinstance(result.exception, ValueError) and "units must be" in str(result.exception)


def test_the_script_does_what_the_command_does(run):
    script = [sys.executable, str(ROOT / "scripts/restore.py"), str(run), "evaluate", "data.test_size=10"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, cwd=run)
    assert done.returncode == 0, done.stderr
    assert done.stdout == dtrain("evaluate", run, "data.test_size=10").output
    done = subprocess.run([*script[:3], "bake"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "evaluate" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "none"], "none: there is nothing. Expected a run's folder"),
        (["evaluate", "empty"], "holds no checkpoints"),
        (["predict", "text.keras", "text.keras"], "neither HDF5 nor a .keras archive"),
        (["inspect", "text.keras"], "text.keras"),
        (["inspect", "empty"], "holds no checkpoints"),
        (["evaluate", "step-0000000001.h5"], "is no dtrain checkpoint: it begins with"),
    ],
)
def test_what_is_no_run_is_one_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    for name in ("text.keras", "step-0000000001.h5"):
        Path(name).write_text("something else")
    result = dtrain(*arguments)
    assert result.exit_code == (1 if arguments[0] == "inspect" else 2) and message in result.output, result.output
    assert result.output.startswith("Error: ") and len(result.output.splitlines()) == 1
