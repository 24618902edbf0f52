"""`dtrain launch` really starts the ranks, tells how, and passes arguments and exit status on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.mpi.launcher import Run, needs_mpirun, run

pytestmark = needs_mpirun

PROGRAM = "from dtrain.cli.main import main; main()"
SCRIPT = """
import sys
from dtrain.distributed import world
sys.stdout.write(f"<{world().rank} of {world().size}: {' '.join(sys.argv[1:])}>")
world().Barrier()
sys.exit(int(sys.argv[1]))
"""


def launch(folder: Path, *arguments: str) -> Run:
    (folder / "script.py").write_text(SCRIPT)
    return run([sys.executable, "-c", PROGRAM, "launch", *arguments], timeout_s=60, cwd=folder)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_all_ranks_meet_and_get_the_arguments(tmp_path: Path, n: int) -> None:
    done = launch(tmp_path, "-n", str(n), "script.py", "0", "-n", "9", "--dry-run")
    assert done.rc == 0, str(done)
    for rank in range(n):
        assert f"<{rank} of {n}: 0 -n 9 --dry-run>" in done.stdout, str(done)
    assert f"-n {n} {sys.executable} script.py 0 -n 9 --dry-run\n" in done.stderr, str(done)


def test_the_exit_status_is_that_of_the_script(tmp_path: Path) -> None:
    done = launch(tmp_path, "-n", "2", "script.py", "7")
    assert done.rc == 7, str(done)


def test_a_dry_run_starts_nothing(tmp_path: Path) -> None:
    done = launch(tmp_path, "--dry-run", "-n", "2", "script.py", "7")
    assert done.rc == 0 and done.stdout == "", str(done)
    assert "mpirun" in done.stderr or "mpiexec" in done.stderr


def test_a_rank_of_a_job_launches_no_other(tmp_path: Path) -> None:
    (tmp_path / "nested.py").write_text(PROGRAM)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = launch(tmp_path, "-n", "2", "nested.py", "launch", "-n", "2", "script.py", "0")
    assert done.rc != 0 and "of a job already" in done.stderr, str(done)
