"""Whatever fails on whichever rank: the job ends within seconds, says so once, and names the rank."""

from pathlib import Path

import pytest

from tests.mpi.launcher import Run, mpirun, needs_mpirun

pytestmark = needs_mpirun

LIMIT_S = 5.0
RANKS = 3
HEAD = """
import sys, threading, time
from dtrain.distributed import prepare, world
prepare()
import numpy as np
ranks = world()
ranks.Barrier()
"""
TAIL = """
for _ in range(3):
    ranks.Allreduce(np.ones(1000))
time.sleep(60)
"""
FAILURES = {
    "exception": "1 / 0",
    "in a thread": "threading.Thread(target=lambda: 1 / 0, name='loader').start()",
    "beside a thread that runs on": "threading.Thread(target=time.sleep, args=(60,)).start(); 1 / 0",
}
EXITS = {
    "sys.exit(3)": "exit status 3",
    "sys.exit('no data')": "no data",
    "raise SystemExit(3)": "exit status 3",
    "raise SystemExit('no data')": "no data",
    "exit(3)": "exit status 3",
}


@pytest.fixture(scope="module")
def start_s() -> float:
    """Return how long a job of nothing but a start takes here."""
    result = mpirun(RANKS, HEAD)
    assert result.rc == 0, result
    return result.elapsed_s


def check(result: Run, start_s: float, tracebacks: int = 1) -> None:
    assert result.rc != 0, result
    assert not result.timed_out, result
    assert result.elapsed_s < start_s + LIMIT_S, result
    assert result.stderr.count("Traceback") == tracebacks, result


def on_rank(rank: int, statement: str) -> str:
    return f"{HEAD}\nif ranks.rank == {rank}:\n    {statement}\n{TAIL}"


@pytest.mark.parametrize("rank", [0, RANKS - 1])
@pytest.mark.parametrize("kind", list(FAILURES))
def test_a_failure_on_one_rank_ends_all_while_they_wait(start_s: float, kind: str, rank: int) -> None:
    result = mpirun(RANKS, on_rank(rank, FAILURES[kind]), timeout_s=30)
    check(result, start_s)
    assert f"rank {rank} of {RANKS} failed" in result.stderr, result
    assert "ZeroDivisionError" in result.stderr, result


def test_an_error_of_mpi_itself_is_a_failure_too(start_s: float) -> None:
    result = mpirun(RANKS, on_rank(1, "ranks.Bcast(np.ones(3), root=99)"), timeout_s=30)
    check(result, start_s)
    assert f"rank 1 of {RANKS} failed" in result.stderr, result


@pytest.mark.parametrize(("statement", "rank"), [(statement, 1) for statement in EXITS] + [("sys.exit(3)", 0)])
def test_leaving_with_a_status_ends_all(start_s: float, statement: str, rank: int) -> None:
    result = mpirun(RANKS, on_rank(rank, statement), timeout_s=30)
    check(result, start_s, tracebacks=0)
    assert result.stderr.count(f"rank {rank} of {RANKS} ended the job: {EXITS[statement]}") == 1, result


@pytest.mark.parametrize("before_mpi", [False, True])
def test_the_same_error_on_all_ranks_is_printed_once(start_s: float, before_mpi: bool) -> None:
    head = "from dtrain.distributed import prepare\nprepare()\n" if before_mpi else HEAD
    result = mpirun(RANKS, head + "raise ValueError('units must be positive')", timeout_s=30)
    check(result, start_s)
    assert result.stderr.count("ValueError: units must be positive") == 1, result
    assert f"rank 0 of {RANKS} failed" in result.stderr, result


def test_the_same_error_on_all_ranks_but_0_is_printed_by_the_lowest(start_s: float) -> None:
    result = mpirun(RANKS, HEAD + "if ranks.rank: 1 / 0\n" + TAIL, timeout_s=30)
    check(result, start_s)
    assert f"rank 1 of {RANKS} failed" in result.stderr, result


def test_a_late_rank_0_does_not_repeat_what_is_printed(start_s: float) -> None:
    result = mpirun(RANKS, HEAD + "time.sleep(0 if ranks.rank else 0.9)\n1 / 0", timeout_s=30)
    check(result, start_s)
    assert f"rank 1 of {RANKS} failed" in result.stderr, result


def test_different_errors_on_all_ranks_give_one_traceback_and_a_line_each(start_s: float) -> None:
    result = mpirun(RANKS, HEAD + "raise ValueError(f'shard {ranks.rank} is damaged')", timeout_s=30)
    check(result, start_s)
    for rank in range(1, RANKS):
        assert f"rank {rank} of {RANKS} failed too: ValueError: shard {rank} is damaged" in result.stderr, result


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_fails_before_mpi_ends_those_that_wait_in_its_start(start_s: float, rank: int) -> None:
    code = f"""
from dtrain.distributed import launch, prepare, world
prepare()
if launch().rank == {rank}:
    1 / 0
world().Barrier()
"""
    result = mpirun(RANKS, code, timeout_s=30)
    check(result, start_s)
    assert f"rank {rank} of {RANKS} failed" in result.stderr, result


def test_the_hook_of_the_program_prints(start_s: float) -> None:
    code = """
import sys
from dtrain.distributed import prepare, world
prepare()
before = sys.excepthook
def hook(*error):
    sys.stderr.write("my own heading\\n")
    before(*error)
sys.excepthook = hook
ranks = world()
if ranks.rank == 1:
    1 / 0
ranks.Barrier()
"""
    result = mpirun(RANKS, code, timeout_s=30)
    check(result, start_s)
    assert "my own heading" in result.stderr, result
    assert f"rank 1 of {RANKS} failed" in result.stderr, result


@pytest.mark.parametrize("module", [False, True], ids=["script", "-m"])
def test_scripts_and_modules_are_alike(start_s: float, tmp_path: Path, module: bool) -> None:
    script = tmp_path / "failing.py"
    script.write_text(on_rank(1, "sys.exit(3)"))
    program = ("-m", "failing") if module else (script,)
    result = mpirun(RANKS, *program, timeout_s=30, cwd=tmp_path)
    check(result, start_s, tracebacks=0)
    assert f"rank 1 of {RANKS} ended the job: exit status 3" in result.stderr, result


@pytest.mark.parametrize(
    "end", ["sys.exit(0)", "sys.exit()", "raise SystemExit", "pass", "try: sys.exit(3)\nexcept SystemExit: pass"]
)
def test_a_normal_end_is_quiet(end: str) -> None:
    result = mpirun(RANKS, HEAD + "\n" + end)
    assert (result.rc, result.stdout, result.stderr) == (0, "", ""), result


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm here")
def test_no_shared_memory_is_left_behind() -> None:
    before = set(Path("/dev/shm").iterdir())
    result = mpirun(
        RANKS, on_rank(1, "print([line.split()[-1] for line in open('/proc/self/maps') if 'shm' in line]); 1 / 0")
    )
    assert result.rc != 0, result
    left = {path for path in set(Path("/dev/shm").iterdir()) - before if str(path) in result.stdout}
    assert not left, left
