"""`reproducible=True`: the same bits of weights, optimizer state, history and outputs for any number of processes."""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.mpi.launcher import ROOT, Run, mpirun, needs_mpirun, run, serial

pytestmark = needs_mpirun

SCRIPT = ROOT / "tests" / "mpi" / "scripts_reproducible.py"
OTHER = "DTRAIN_OTHER_PYTHON"  # a Python with the same NumPy and another MPI
TIME_LIMIT_S = 110


@cache
def alone() -> dict[str, str]:
    """The digests of one process that no MPI started."""
    return digests(serial(SCRIPT, timeout_s=TIME_LIMIT_S))


def digests(result: Run) -> dict[str, str]:
    assert result.rc == 0, str(result)
    found: dict[str, str] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_a_second_run_gives_the_same_bits() -> None:
    assert digests(serial(SCRIPT, timeout_s=TIME_LIMIT_S)) == alone()


def test_the_number_of_blas_threads_does_not_matter() -> None:
    threads = {"OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    assert digests(serial(SCRIPT, timeout_s=TIME_LIMIT_S, env=threads)) == alone()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8])
def test_any_number_of_processes_gives_the_bits_of_one(n: int) -> None:
    assert digests(mpirun(n, SCRIPT, timeout_s=TIME_LIMIT_S)) == alone()


@pytest.mark.parametrize("reduction", ["allreduce", "shared"])
def test_the_way_gradients_are_added_otherwise_does_not_matter(reduction: str) -> None:
    assert digests(mpirun(3, SCRIPT, timeout_s=TIME_LIMIT_S, env={"DTRAIN_REDUCTION": reduction})) == alone()


@pytest.mark.skipif(OTHER not in os.environ, reason=f"{OTHER} names no Python with another MPI")
def test_another_mpi_gives_the_same_bits() -> None:
    python = os.environ[OTHER]
    launcher = shutil.which("mpirun", path=str(Path(python).parent)) or "mpirun"
    assert digests(run([launcher, "-n", "2", python, str(SCRIPT)], timeout_s=TIME_LIMIT_S)) == alone()


@pytest.mark.parametrize("then, now", [(1, 3), (3, 2), (4, 1)])
def test_a_run_resumed_on_another_number_of_processes_ends_with_the_same_bits(
    tmp_path: Path, then: int, now: int
) -> None:
    stopped = digests(mpirun(then, SCRIPT, "interrupted", str(tmp_path), timeout_s=TIME_LIMIT_S))
    assert stopped == {"residual": "stopped"}
    found = digests(mpirun(now, SCRIPT, "resumed", str(tmp_path), timeout_s=TIME_LIMIT_S))
    assert found == {"residual": alone()["residual"]}
