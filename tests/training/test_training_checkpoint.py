"""Which files of a run stay, and what becomes of training when one cannot be written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.callbacks import Callback
from dtrain.checkpoint import CheckpointError, CheckpointWarning, newest_good
from dtrain.training.training_checkpoint import TrainingCheckpoint

STEPS = 5


def fit(callbacks: list[Any], epochs: int = 4, rate: float = 0.1, units: int = 1) -> list[Any]:
    """Train in STEPS steps an epoch and return the weights."""
    dtrain.utils.set_random_seed(1)
    x = np.linspace(-1, 1, 40, dtype=np.float32).reshape(20, 2)
    model = dtrain.Sequential([dtrain.Input((2,)), layers.Dense(units), layers.Dense(1)])
    model.compile(dtrain.optimizers.SGD(rate), "mse", metrics=["mae"])
    model.fit(x, x[:, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=callbacks, validation_data=(x, x[:, :1]))
    return [w.tolist() for w in model.get_weights()]


class Value(Callback):
    """Puts a value of one's own into the logs of each epoch."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["score"] = self.values[epoch]


def steps(folder: Path) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in folder.glob("step-*.h5"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"keep_last": 1}, [4]),
        ({"keep_last": 1, "keep_best": 1}, [2, 4]),
        ({"keep_last": 1, "keep_best": 2}, [1, 2, 4]),
        ({"keep_last": 1, "keep_best": 1, "mode": "min"}, [3, 4]),
        ({"keep_last": 2, "keep_every": 10}, [2, 3, 4]),
    ],
)
def test_files_stay_as_wanted(tmp_path: Path, arguments: Any, expected: list[int]) -> None:
    fit([Value(0.5, 0.9, 0.1, 0.2), TrainingCheckpoint(tmp_path, monitor="score", **arguments)])
    assert steps(tmp_path) == [STEPS * epoch for epoch in expected]


def test_files_between_epochs_are_never_among_the_best(tmp_path: Path) -> None:
    saver = TrainingCheckpoint(tmp_path, every_steps=2, keep_last=1, keep_best=1, monitor="val_loss")
    fit([saver], epochs=2, rate=0.0)
    assert steps(tmp_path) == [2 * STEPS]  # equally good epochs: the later one stays


def test_a_value_that_is_not_in_the_logs_is_told(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="'f1' is not among the logs: "):
        fit([TrainingCheckpoint(tmp_path, keep_best=1, monitor="f1")], epochs=1)


def test_a_value_of_unknown_direction_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Pass mode='max' or mode='min'"):
        fit([TrainingCheckpoint(tmp_path, keep_best=1, monitor="quality")])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"on_error": "ignore"}, "on_error must be 'raise' or 'warn'"),
        ({"keep_best": -1}, "keep_best must not be negative"),
        ({"keep_every": 0}, "keep_every must be positive"),
        ({"mode": "best"}, "mode must be 'auto', 'min' or 'max'"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path: Path, arguments: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        TrainingCheckpoint(tmp_path, **arguments)


class RemoveFolder(Callback):
    """Removes the folder in the middle of training, when nothing is being written."""

    def __init__(self, saver: TrainingCheckpoint, folder: Path, back: bool = False) -> None:
        super().__init__()
        self.saver = saver
        self.folder = folder
        self.back = back

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            self.saver._saver._wait()
            shutil.rmtree(self.folder)
        elif epoch == 2 and self.back:
            self.saver._saver._wait()
            self.folder.mkdir()


def test_a_folder_that_vanishes_ends_training_by_default(tmp_path: Path) -> None:
    saver = TrainingCheckpoint(tmp_path / "run")
    with pytest.raises(CheckpointError, match="ENOENT"):
        fit([saver, RemoveFolder(saver, tmp_path / "run")])


def test_a_folder_that_vanishes_and_comes_back_changes_nothing_but_files(tmp_path: Path) -> None:
    saver = TrainingCheckpoint(tmp_path / "run", on_error="warn")
    with pytest.warns(CheckpointWarning, match=r"step-0000000010.h5: .* \(ENOENT\).* Training goes on without"):
        found = fit([saver, RemoveFolder(saver, tmp_path / "run", back=True)])
    assert found == fit([])
    assert steps(tmp_path / "run") == [15, 20]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"mount is not possible here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


class Fill(Callback):
    """Fills the disk in the second epoch and makes room in the third."""

    def __init__(self, saver: TrainingCheckpoint, folder: Path) -> None:
        super().__init__()
        self.saver = saver
        self.filler = folder / "filler"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.saver._saver._wait()
        if epoch == 1:
            with pytest.raises(OSError, match="No space"), open(self.filler, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(1000))
        elif epoch == 2:
            self.filler.unlink()


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_a_disk_that_is_full_for_a_while(small_disk: Path, on_error: str) -> None:
    saver = TrainingCheckpoint(small_disk / "run", on_error=on_error)
    callbacks = [saver, Fill(saver, small_disk)]
    if on_error == "raise":
        with pytest.raises(CheckpointError, match="ENOSPC"):
            fit(callbacks, units=2000)
    else:
        with pytest.warns(CheckpointWarning, match="step-0000000010.h5: No space left on device"):
            found = fit(callbacks, units=2000)
        assert found == fit([], units=2000)
    assert steps(small_disk / "run") == ([5] if on_error == "raise" else [5, 15, 20])
    assert [path.name for path in (small_disk / "run").iterdir() if ".tmp." in path.name] == []
    assert newest_good(small_disk / "run")[1].step in (5, 20)
