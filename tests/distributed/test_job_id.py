"""Every process of a job finds the same name for it, and two jobs find different ones."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dtrain.distributed.job_id import job_id
from dtrain.distributed.launcher import Launch


@pytest.mark.parametrize(
    ("launcher", "environ", "expected"),
    [
        ("openmpi", {"PMIX_NAMESPACE": "prterun-host-71@1", "SLURM_JOB_ID": "8"}, "prterun-host-71@1"),
        ("pmix", {"PMIX_NAMESPACE": "slurm.pmix.9.0"}, "slurm.pmix.9.0"),
        ("openmpi", {}, None),
        ("slurm", {"SLURM_JOB_ID": "9", "SLURM_STEP_ID": "0"}, "9.0"),
        ("slurm", {"SLURM_JOB_ID": "9"}, None),
        ("pmi", {"PALS_APID": "4f-11"}, "4f-11"),
    ],
)
def test_the_launcher_says_it(launcher: str, environ: dict[str, str], expected: str | None) -> None:
    assert [job_id(Launch(launcher, rank, 4, 0, 2), environ) for rank in range(4)] == [expected] * 4


def test_a_process_that_runs_alone_has_none() -> None:
    assert job_id(Launch("serial"), {"PMIX_NAMESPACE": "x", "SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0"}) is None


def test_on_one_host_the_common_parent_stands_for_the_job() -> None:
    code = (
        "from dtrain.distributed.job_id import job_id\n"
        "from dtrain.distributed.launcher import Launch\n"
        "print(job_id(Launch('hydra', 0, 2, 0, 2), {}), job_id(Launch('hydra', 0, 4, 0, 2), {}))"
    )
    found = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(2)}
    (line,) = found
    one_host, two_hosts = line.split()
    assert one_host.startswith(f"{os.getpid()}.") or one_host == "None"  # without /proc
    assert two_hosts == "None"
