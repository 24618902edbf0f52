"""A rank that keeps the others waiting is named in time, and a wait that cannot end ends the job."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.mpi.launcher import mpirun, needs_mpirun

pytestmark = needs_mpirun

HEAD = """
import os, signal, sys, time
from dtrain.distributed import prepare, world
prepare()
import numpy as np
from dtrain.timeline import DATA, REDUCE, begin_step
ranks = world()
ranks.Barrier()
begin_step(1, 16)
"""
MEET = """
with REDUCE:
    ranks.Allreduce(np.ones(1000))
"""
WAIT = "in 'reduce' of step 17 of epoch 2"


def test_a_slow_rank_and_then_a_stopped_one_are_named_once_each_and_the_job_goes_on() -> None:
    code = f"""{HEAD}
def read_rows():
    time.sleep(2.5)
if ranks.rank == 1:
    with DATA:
        read_rows()
{MEET}
ranks.Barrier()
begin_step(1, 17)
if ranks.rank == 2:
    if os.fork() == 0:
        time.sleep(2.5)
        os.kill(os.getppid(), signal.SIGCONT)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
{MEET}
time.sleep(1)
"""
    result = mpirun(3, code, env={"DTRAIN_STALL_S": "1"})
    assert result.rc == 0 and not result.timed_out, result
    first, _, second = result.stderr.partition("that wait is over, after")
    assert first.count("rank 1 (host") == 1 and f"ranks 0 and 2 wait {WAIT}, since 1 s" in first, result
    assert "has been in 'data' after step 17 of epoch 2 for" in first and "in read_rows" in first, result
    assert second.count("rank 2 (host") == 1 and "is stopped, as by SIGSTOP; ranks 0 and 1 wait" in second, result
    assert "that wait is over, after" in second, result


def test_a_rank_that_ends_early_without_an_error_ends_those_that_wait_for_it() -> None:
    result = mpirun(2, f"{HEAD}\nif ranks.rank == 0: sys.exit(0)\n{MEET}", timeout_s=30)
    assert result.rc != 0 and not result.timed_out, result
    expected = f"has ended its program, after step 17 of epoch 2; rank 1 waits {WAIT}, since 5 s"
    assert result.stderr.count(expected) == 1, result


def test_a_rank_that_others_need_not_wait_for_may_end_early() -> None:
    result = mpirun(2, f"{HEAD}{MEET}\nif ranks.rank: sys.exit()\ntime.sleep(6)", env={"DTRAIN_STALL_S": "1"})
    assert (result.rc, result.stdout, result.stderr) == (0, "", ""), result


def test_a_stall_that_lasts_ends_the_job_with_the_report() -> None:
    code = f"{HEAD}\nif ranks.rank == 1: os.kill(os.getpid(), signal.SIGSTOP)\n{MEET}"
    result = mpirun(2, code, env={"DTRAIN_STALL_S": "0", "DTRAIN_STALL_ABORT_S": "1"}, timeout_s=30)
    assert result.rc != 0 and not result.timed_out, result
    assert "is stopped, as by SIGSTOP; rank 0 waits" in result.stderr, result
    assert "The job is ended: that is longer than DTRAIN_STALL_ABORT_S=1" in result.stderr, result


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="needs /proc")
def test_a_rank_that_ends_before_mpi_starts_ends_those_that_wait_for_it_there() -> None:
    code = """
import sys
from dtrain.distributed import launch, prepare, world
prepare()
if launch().rank == 1:
    sys.exit(0)
world()
"""
    result = mpirun(3, code, timeout_s=30)
    assert result.rc != 0 and not result.timed_out, result
    expected = "rank 1 has ended its program, and ranks 0 and 2 would wait for it for ever in the start of MPI"
    assert result.stderr.count(expected) == 1, result


def test_ranks_that_never_start_mpi_end_when_they_like() -> None:
    code = "import time\nfrom dtrain.distributed import launch, prepare\nprepare()\ntime.sleep(launch().rank)"
    result = mpirun(3, code, timeout_s=30)
    assert (result.rc, result.stdout, result.stderr) == (0, "", ""), result


def test_ranks_whose_launcher_was_killed_end_by_themselves(tmp_path: Path) -> None:
    code = f"""{HEAD}
import pathlib
pids = ranks.allgather(os.getpid())
launchers = [os.getppid(), int(pathlib.Path(f"/proc/{{os.getppid()}}/stat").read_text().split()[3])]
if ranks.rank == 1:
    pathlib.Path(sys.argv[1]).write_text(" ".join(map(str, pids)))
    for pid in reversed([pid for pid in launchers if pid != int(sys.argv[2])]):
        os.kill(pid, signal.SIGKILL)
    time.sleep(600)
{MEET}
"""
    file = tmp_path / "pids"
    mpirun(3, code, str(file), str(os.getpid()), timeout_s=30)
    until = time.monotonic() + 10
    pids = file.read_text().split()
    while (left := [pid for pid in pids if _runs(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    assert len(pids) == 3 and not left


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
