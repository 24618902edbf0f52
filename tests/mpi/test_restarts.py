"""`dtrain launch --max-restarts`: a job whose rank was killed goes on where it stood and ends as if it had not been."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.mpi.launcher import Run, is_open_mpi, needs_mpirun, run

pytestmark = needs_mpirun

DTRAIN = "from dtrain.cli.main import main; main()"
PROGRAM = Path(__file__).parents[1] / "torture" / "program.py"
CONFIG = """
data = { name = "digits", train_size = 64, test_size = 16 }
model = { name = "mlp", hidden_units = [8] }
train = { epochs = 4, batch_size = 16 }
"""


def launch(folder: Path, *arguments: str, fault: str = "") -> Run:
    (folder / "command.py").write_text(DTRAIN)
    command = [sys.executable, "-c", DTRAIN, "launch", "-n", "2", *arguments]
    return run(command, timeout_s=90, cwd=folder, env={"DTRAIN_FAULT": fault} if fault else None)


def digest(folder: Path) -> str:
    return str(json.loads((folder / "result.0.json").read_text())["digest"])


def test_a_script_whose_ranks_are_killed_ends_with_the_same_bits(tmp_path: Path) -> None:
    done = launch(
        tmp_path, "--max-restarts", "3", str(PROGRAM), "killed",
        fault="kill:rank=1,step=9; kill:rank=0,restart=1,step=5",
    )  # fmt: skip
    assert done.rc == 0, str(done)
    assert "Restart 1 of 3 in 1 s" in done.stderr and "Restart 2 of 3 in 2 s" in done.stderr, str(done)
    assert done.stdout.count("Going on from") == 2, str(done)
    alone = launch(tmp_path, str(PROGRAM), "alone")
    assert alone.rc == 0, str(alone)
    assert digest(tmp_path / "killed") == digest(tmp_path / "alone")


@pytest.mark.skipif(not is_open_mpi(), reason="only Open MPI lets a job go on when a rank dies")
def test_an_elastic_job_is_started_again_when_too_few_ranks_are_left_and_not_when_it_was_asked_to_stop(
    tmp_path: Path,
) -> None:
    done = launch(
        tmp_path, "--elastic", "--replace", "1", "--min-ranks", "2", "--max-restarts", "3", str(PROGRAM), "few",
        fault="kill:rank=1,step=5; kill:rank=0,step=9; usr1:rank=0,restart=1,step=2",
    )  # fmt: skip
    assert done.rc == 75, str(done)
    told = ["spare rank 2 takes its place", "1 rank is left", "too few ranks were left. Restart 1 of 3 in 1 s"]
    assert all(text in done.stderr for text in (*told, "Stopped by SIGUSR1")), str(done)
    assert done.stderr.count("Restart") == 1, str(done)
    assert done.stdout.count("Going on from") == 1, str(done)


def test_dtrain_train_goes_on_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(CONFIG)
    earlier = tmp_path / "runs" / "small-001" / "checkpoints"
    earlier.mkdir(parents=True)
    (earlier / "step-0000000004.h5").write_bytes(b"of another run: must not be touched")
    done = launch(
        tmp_path, "--max-restarts", "2", "command.py", "train", "small.toml",
        fault="kill:rank=1,step=2; kill:rank=0,restart=1,epoch=2,step=1",
    )  # fmt: skip
    assert done.rc == 0, str(done)
    folder = tmp_path / "runs" / "small-002"
    assert done.stdout.count("run folder: runs/small-002") == 3, str(done)
    assert "Going on from runs/small-002/checkpoints/step-" in done.stdout, str(done)
    assert len((folder / "history.csv").read_text().splitlines()) == 5
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoints", "config.toml", "history.csv"]


def test_a_wrong_configuration_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("[train]\nepochs = 0\n")
    done = launch(tmp_path, "--max-restarts", "2", "command.py", "train", "wrong.toml")
    assert done.rc == 2, str(done)
    assert "Restart" not in done.stderr, str(done)
