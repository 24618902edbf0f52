"""Losses, layers, steps and metrics that mix the rows of a batch: any number of processes gives the numbers of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.mpi.launcher import ROOT, Run, mpirun, needs_mpirun, serial

pytestmark = needs_mpirun

SCRIPT = ROOT / "tests" / "mpi" / "scripts_mixing.py"
TOLERANCE = 1e-5  # of the distance of two arrays, in relation to the length of the array

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    folder = tmp_path_factory.mktemp("alone")
    return read(serial(SCRIPT, str(folder), timeout_s=100), folder, 1)[0]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> list[Arrays]:
    """What each of three processes wrote: some of the batches have fewer rows than that."""
    folder = tmp_path_factory.mktemp("together")
    return read(mpirun(3, SCRIPT, str(folder), timeout_s=150), folder, 3)


def read(result: Run, folder: Path, n: int) -> list[Arrays]:
    assert result.rc == 0, str(result)
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(n)]


def test_all_processes_hold_the_same_bits(together: list[Arrays]) -> None:
    first, *others = together
    for other in others:
        assert [name for name in first if not np.array_equal(first[name], other[name])] == []


def test_three_processes_end_with_the_numbers_of_one(alone: Arrays, together: list[Arrays]) -> None:
    found = {name: distance(together[0][name], alone[name]) for name in alone if name.startswith("plain|")}
    assert len(found) > 40
    assert {name: d for name, d in found.items() if not d <= TOLERANCE} == {}


def test_reproducible_runs_of_three_processes_end_with_the_bits_of_one(alone: Arrays, together: list[Arrays]) -> None:
    names = [name for name in alone if name.startswith("reproducible|")]
    assert len(names) > 40
    assert [name for name in names if not np.array_equal(together[0][name], alone[name])] == []


def test_training_did_lower_the_losses(alone: Arrays) -> None:
    for name in ("simclr|history c_loss", "decorrelated|history loss", "triplets|history loss"):
        losses = alone[f"plain|{name}"]
        assert losses[-1] < losses[0]


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    difference = np.linalg.norm(found.astype(np.float64) - expected)
    return float(difference / max(np.linalg.norm(expected.astype(np.float64)), 1e-12))
