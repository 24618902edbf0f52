"""`[checkpoint]` decides which files of a run stay; nothing that is in the environment gets into them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.runs import dtrain, trained, write_config


def steps(run: Path) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*.h5"))


def test_the_best_epochs_and_milestones_stay(tmp_path: Path) -> None:
    run = trained(
        tmp_path, "optimizer.name=SGD", "optimizer.learning_rate=1e-9", "train.seed=3", "checkpoint.keep_last=1",
        "checkpoint.keep_best=1", "checkpoint.monitor=loss", "checkpoint.mode=max", "checkpoint.keep_every=12",
    )  # fmt: skip
    with open(run / "history.csv", newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    best = 13 * (1 + losses.index(max(losses)))
    assert steps(run) == sorted({best, 12, 24, 36, 39})


@pytest.mark.parametrize("key", ["mode=best", "on_error=ignore", "keep_best=-1", "keep_every=0"])
def test_wrong_settings_are_answered_in_one_line(tmp_path: Path, key: str) -> None:
    done = dtrain("train", write_config(tmp_path), f"run.folder={tmp_path}", f"checkpoint.{key}")
    assert done.exit_code == 2
    assert f"checkpoint.{key.partition('=')[0]}" in done.output


def test_nothing_of_the_environment_is_written_to_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "kept-secret-4711")
    monkeypatch.setenv("DTRAIN_SECRET", "kept-secret-4711")
    run = trained(tmp_path)
    files = [path for path in run.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if b"kept-secret-4711" in path.read_bytes()] == []
