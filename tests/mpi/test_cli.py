"""The `dtrain` command under mpirun does what it does alone, and survives the death of any of its processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.runs import KILLED, PROGRAM, ending, trained, write_config
from tests.mpi.launcher import Run, mpirun, needs_mpirun, serial

pytestmark = needs_mpirun


def command(n: int, *arguments: object, program: str = PROGRAM, env: dict[str, str] | None = None) -> Run:
    return mpirun(n, program, *map(str, arguments), timeout_s=60, env=env)


def columns(path: Path) -> np.ndarray:
    return np.genfromtxt(path, delimiter=",", skip_header=1)


@pytest.mark.parametrize(("n", "step", "rank"), [(2, 20, 1), (3, 30, 0)])
def test_a_killed_job_that_is_resumed_ends_with_the_same_bits(tmp_path: Path, n: int, step: int, rank: int) -> None:
    config = write_config(tmp_path)
    whole = command(n, "train", config, f"run.folder={tmp_path / 'whole'}")
    assert whole.rc == 0, whole
    killed = command(n, "train", config, f"run.folder={tmp_path}", program=KILLED, env={"DIE_AT": f"{step}:{rank}"})
    assert killed.rc != 0 and not killed.timed_out, killed
    again = command(n, "train", config, f"run.folder={tmp_path}", "--resume")
    assert again.rc == 0, again
    assert "Going on from" in again.stdout and again.stdout.count("Epoch 3/3") == 1, again
    assert ending(tmp_path / "run") == ending(tmp_path / "whole/run")


def test_a_run_is_the_same_on_any_number_of_processes_and_can_change_it(tmp_path: Path) -> None:
    alone = trained(tmp_path / "alone")
    config = tmp_path / "alone/small.toml"
    start = command(2, "train", config, f"run.folder={tmp_path}", "train.epochs=1")
    assert start.rc == 0, start
    rest = command(3, "train", config, f"run.folder={tmp_path}", "--resume")
    assert rest.rc == 0, rest
    np.testing.assert_allclose(columns(tmp_path / "run/history.csv"), columns(alone / "history.csv"), rtol=1e-4)


def test_what_reads_a_run_prints_once_and_the_same_as_alone(tmp_path: Path) -> None:
    run = trained(tmp_path)
    np.save(tmp_path / "rows.npy", np.zeros((3, 28, 28), np.uint8))
    for arguments in (
        ("evaluate", run),
        ("predict", run, tmp_path / "rows.npy"),
        ("export", run, tmp_path / "w.weights.h5", "--force"),
        ("inspect", run),
    ):
        alone, together = serial(PROGRAM, *map(str, arguments)), command(2, *arguments)
        assert together.rc == alone.rc == 0, together
        assert together.stdout.splitlines() == alone.stdout.splitlines(), together


@pytest.mark.timeout(150)
def test_the_doctor_examines_once_within_a_job_too() -> None:
    result = command(2, "doctor")
    assert result.rc == 0, result
    assert result.stdout.count("Two-rank test  passed") == 1 and "rank 0 of 2" in result.stdout, result
