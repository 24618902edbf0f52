from __future__ import annotations

from pathlib import Path

import pytest

from dtrain.cli.config import Run
from dtrain.cli.errors import UserError
from dtrain.cli.run_folder import choose_folder, folder_of_job


def with_checkpoint(folder: Path) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "step-0000000001.h5").touch()
    return folder


def test_runs_without_a_name_are_numbered_by_configuration(tmp_path):
    run = Run(folder=str(tmp_path / "runs"))
    assert choose_folder(run, "a", resume=False) == tmp_path / "runs/a-001"
    for name in ("a-001", "a-012", "b-040", "a-b-050", "a-x"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert choose_folder(run, "a", resume=False) == tmp_path / "runs/a-013"


def test_resume_takes_the_latest_run_that_has_checkpoints(tmp_path):
    run = Run(folder=str(tmp_path))
    with_checkpoint(tmp_path / "a-001")
    expected = with_checkpoint(tmp_path / "a-010")
    (tmp_path / "a-011").mkdir()
    assert choose_folder(run, "a", resume=True) == expected


def test_there_must_be_something_to_resume(tmp_path):
    with pytest.raises(UserError, match="no run of 'a' with checkpoints"):
        choose_folder(Run(folder=str(tmp_path / "missing")), "a", resume=True)
    with pytest.raises(UserError, match="no checkpoints in"):
        choose_folder(Run(folder=str(tmp_path), name="mine"), "a", resume=True)


def test_a_new_run_does_not_mix_with_an_earlier_one_of_the_same_name(tmp_path):
    folder = with_checkpoint(tmp_path / "mine")
    run = Run(folder=str(tmp_path), name="mine")
    assert choose_folder(run, "a", resume=True) == folder
    with pytest.raises(UserError, match="holds a run already"):
        choose_folder(run, "a", resume=False)


@pytest.mark.parametrize("run", [Run(folder="runs"), Run(folder="runs", name="own")])
def test_a_job_that_is_started_again_finds_its_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of_job(run, "small", "job-1") is None
    for name, job in (("small-001", "job-0"), ("small-002", "job-1"), ("small-003", "job-2"), ("own", "job-1")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / ".job").write_text(job)
    assert folder_of_job(run, "small", "job-1") == Path("runs", run.name or "small-002")
    assert folder_of_job(run, "small", "job-9") is None
