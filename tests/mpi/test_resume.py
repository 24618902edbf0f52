"""A training that was killed with SIGKILL and started again ends with the same bits as one that was left alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mpi.launcher import ROOT, Run, mpirun, needs_mpirun, serial
from tests.training.runs import STEPS, differences

SCRIPT = ROOT / "tests" / "mpi" / "scripts_resume.py"
TOLERANCE = 1e-5  # of an array's length: other numbers of processes add in other orders


def run(n: int, kind: str, out: Path, folder: Path | str = "-", every: int = 3, rank: str = "-", steps: int = 0) -> Run:
    arguments = (kind, str(out), str(folder), str(every), rank, str(steps))
    return serial(SCRIPT, *arguments) if n == 1 else mpirun(n, SCRIPT, *arguments)


def results(done: Run, out: Path) -> dict[str, Any]:
    assert done.rc == 0, str(done)
    with np.load(out) as file:
        return {name.replace("|", "/"): file[name] for name in file.files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def train(n: int, kind: str) -> dict[str, Any]:
        out = tmp_path_factory.mktemp("undisturbed") / "found.npz"
        return results(run(n, kind, out), out)

    return train


def kill(n: int, kind: str, folder: Path, rank: int, steps: int) -> None:
    killed = run(n, kind, folder / "none.npz", folder, rank=str(rank), steps=steps)
    assert killed.rc != 0, str(killed)
    assert not killed.timed_out, str(killed)
    assert list(folder.glob("step-*.h5"))
    assert not (folder / "none.npz").exists()


@pytest.mark.parametrize("steps", [STEPS + 4, 2 * STEPS])
def test_one_process_killed_in_the_middle_or_at_the_edge_of_an_epoch(
    undisturbed: Any, tmp_path: Path, steps: int
) -> None:
    kill(1, "adam", tmp_path, 0, steps)
    found = results(run(1, "adam", tmp_path / "found.npz", tmp_path), tmp_path / "found.npz")
    assert differences(found, undisturbed(1, "adam")) == []


@needs_mpirun
@pytest.mark.parametrize(("kind", "rank", "steps"), [("adam", 1, 5 * STEPS + 5), ("momentum", 0, STEPS)])
def test_two_processes_of_which_one_is_killed(
    undisturbed: Any, tmp_path: Path, kind: str, rank: int, steps: int
) -> None:
    kill(2, kind, tmp_path, rank, steps)
    found = results(run(2, kind, tmp_path / "found.npz", tmp_path), tmp_path / "found.npz")
    assert differences(found, undisturbed(2, kind)) == []


@needs_mpirun
@pytest.mark.parametrize("n", [1, 3])
def test_a_run_goes_on_with_another_number_of_processes(undisturbed: Any, tmp_path: Path, n: int) -> None:
    kill(2, "adam", tmp_path, 1, 2 * STEPS + 5)
    found = results(run(n, "adam", tmp_path / "found.npz", tmp_path), tmp_path / "found.npz")
    expected = undisturbed(2, "adam")
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert np.linalg.norm(found[name] - array) <= TOLERANCE * max(np.linalg.norm(array), 1e-12), name


@needs_mpirun
def test_what_cannot_be_gone_on_with_is_said_once_by_all(tmp_path: Path) -> None:
    kill(1, "adam", tmp_path, 0, 5)
    refused = run(2, "momentum", tmp_path / "none.npz", tmp_path)
    assert refused.rc != 0, str(refused)
    assert not refused.timed_out, str(refused)
    assert refused.stderr.count("Traceback") == 1, str(refused)
    assert "another optimizer" in refused.stderr, str(refused)
