from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from dtrain.cli.checks import machine
from dtrain.distributed.launcher import Launch

LEAVE = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def test_a_control_group_that_grants_less_than_the_affinity_is_a_warning():
    row = machine.cores(present=8, usable=8, granted=2)
    assert row.status == "warn" and "limited to the time of 2" in row.value and "-n 2" in row.advice
    assert machine.cores(present=8, usable=4, granted=4).status == "ok"


@pytest.mark.parametrize(("free_mib", "status"), [(64, "warn"), (1024, "ok")])
def test_little_shared_memory_is_a_warning(monkeypatch, tmp_path, free_mib, status):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=free_mib * 256, f_frsize=4096))
    row = machine.shared_memory(tmp_path)
    assert row.status == status and f"{free_mib:,} MiB free" in row.value


def test_a_system_without_a_shared_memory_folder_is_no_failure(tmp_path):
    assert machine.shared_memory(tmp_path / "missing").status == "ok"


def test_root_is_a_warning_until_open_mpi_is_told():
    assert machine.user(True, {}).status == "warn"
    assert machine.user(True, LEAVE).status == "ok"
    assert machine.user(False, {}).status == "ok"


def test_scheduler_and_launcher_are_named():
    assert machine.scheduler({"SLURM_JOB_ID": "17"}).value == "Slurm, job 17"
    assert machine.scheduler({}).value == "none"
    assert machine.launcher(Launch("hydra", rank=1, size=3)).value == "hydra: rank 1 of 3"
