"""Starting jobs: mismatched or missing MPI is refused with words, and the test launcher itself ends what hangs."""

import sys
import time
from pathlib import Path

import pytest

from tests.mpi.launcher import is_open_mpi, mpirun, needs_mpirun, run

pytestmark = needs_mpirun

FOREIGN_HYDRA = {"PMI_SIZE": "2", "MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0", "PMI_RANK": "0"}
FOREIGN_OPEN_MPI = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}
SRUN = {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_TASKS_PER_NODE": "2"}
CONNECT = "from dtrain.distributed import world\nworld()"


def test_ranks_and_sizes_are_those_of_the_launcher() -> None:
    code = """
import sys
from dtrain.distributed import launch, world
ranks, start = world(), launch()
assert (ranks.rank, ranks.size) == (start.rank, start.size) == (ranks.local_rank, ranks.local_size)
sys.stdout.write(f"[{ranks.size} ranks]")
"""
    result = mpirun(3, code)
    assert result.stdout.count("[3 ranks]") == 3, result


def test_a_launcher_of_another_mpi_is_refused() -> None:
    foreign = FOREIGN_HYDRA if is_open_mpi() else FOREIGN_OPEN_MPI
    result = run([sys.executable, "-c", CONNECT], timeout_s=30, env=foreign)
    assert result.rc == 1, result
    assert "started 2 processes" in result.stderr, result
    assert ("Open MPI" in result.stderr) and ("MPICH" in result.stderr), result
    assert "pip install" in result.stderr, result


def test_srun_without_a_common_language_is_refused() -> None:
    result = run([sys.executable, "-c", CONNECT], timeout_s=30, env=SRUN)
    assert result.rc == 1, result
    assert "srun started 2 processes" in result.stderr, result
    assert "--mpi=pmix" in result.stderr, result


def test_without_mpi4py_several_processes_are_refused() -> None:
    result = mpirun(2, "import sys\nsys.modules['mpi4py'] = None\n" + CONNECT, timeout_s=30)
    assert result.rc != 0, result
    assert "mpi4py is not installed" in result.stderr, result
    assert 'pip install "dtrain[' in result.stderr, result
    assert result.stderr.count("Traceback") == 1, result


def test_a_deadlock_is_killed_at_the_limit_and_leaves_no_process(tmp_path: Path) -> None:
    code = """
import os, pathlib, sys, time
from dtrain.distributed import world
ranks = world()
pathlib.Path(sys.argv[1], str(ranks.rank)).write_text(str(os.getpid()))
if ranks.rank == 0:
    time.sleep(100)
ranks.Barrier()
"""
    result = mpirun(2, code, str(tmp_path), timeout_s=5)
    assert result.timed_out
    assert result.elapsed_s < 15
    pids = [int(path.read_text()) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    until = time.monotonic() + 5
    while any(map(_runs, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("n", [2, 3])
def test_threads_are_shared_by_the_processes_of_a_host(n: int) -> None:
    code = """
import os
from dtrain.distributed import prepare, world
plan = prepare()
threads = world().allgather(plan.threads)
assert plan.decided_by == "environment"
assert max(sum(threads), len(threads)) <= max(os.cpu_count(), len(threads))
"""
    unset = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "")
    result = mpirun(n, code, env=unset)
    assert result.rc == 0, result
