"""Several hosts, which the processes of this one pretend to be: the numbers of one process, whatever way they go."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from tests.mpi.launcher import mpirun, needs_mpirun, serial

pytestmark = needs_mpirun
SCRIPT = Path(__file__).with_name("scripts_hosts.py")
SLICES = "shared memory and slices between hosts"


def results(n: int, ranks_per_host: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "found.npz"
        arguments = (str(file), str(ranks_per_host))
        done = mpirun(n, SCRIPT, *arguments, timeout_s=120) if n > 1 else serial(SCRIPT, *arguments)
        assert done.rc == 0, done
        return dict(np.load(file))


@cache
def alone() -> dict[str, Any]:
    return results(1, 1)


@pytest.mark.parametrize(("n", "ranks_per_host"), [(2, 1), (3, 2), (4, 2)])
def test_hosts_give_the_numbers_of_one_process(n: int, ranks_per_host: int) -> None:
    found = results(n, ranks_per_host)
    ways = {key: str(way) for key, way in found.items() if key.startswith("way")}
    direct = SLICES if ranks_per_host > 1 else "slices between hosts"
    assert ways["way auto 1"] == direct and ways["way bf16 1"] == f"{direct}, as bfloat16"
    assert ways["way allreduce 1"] == "Allreduce"
    for key in found.keys() - ways.keys():
        distance = np.linalg.norm(found[key] - alone()[key]) / np.linalg.norm(alone()[key])
        assert distance < (1e-3 if key.startswith("bf16") else 1e-6), f"{key}: {distance:.1e}"
        assert not key.startswith("bf16") or distance > 1e-6, "nothing was rounded"
