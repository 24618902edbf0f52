"""Every way to add gradients, with every way to update weights: the numbers of one process, or its bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mpi.launcher import ROOT, mpirun, needs_mpirun, serial
from tests.mpi.scripts_matrix import CASES, WAYS

pytestmark = needs_mpirun
SCRIPT = ROOT / "tests" / "mpi" / "scripts_matrix.py"


def results(folder: Path, n: int) -> dict[str, Any]:
    done = serial(SCRIPT, str(folder)) if n == 1 else mpirun(n, SCRIPT, str(folder), timeout_s=120)
    assert done.rc == 0, str(done)
    with np.load(folder / f"{n}.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return results(tmp_path_factory.mktemp("one"), 1)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_no_way_changes_the_numbers_nor_in_reproducible_mode_the_bits(
    n: int, expected: dict[str, Any], tmp_path: Path
) -> None:
    found = results(tmp_path, n)
    assert len(found) == len(CASES) * len(WAYS)
    far: dict[str, float] = {}
    for name, values in found.items():
        case = name.rsplit("|", 1)[0]
        whole = expected[f"{case}|alone"]
        distance = float(np.linalg.norm(values - whole) / np.linalg.norm(whole))
        if distance > (0 if case.endswith("True") else 1e-6):
            far[name] = distance
    assert far == {}
