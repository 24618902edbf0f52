"""Runs pytest in every rank of an mpirun. Rank 0 reports; rank r writes its report to REPORTS/rank-r.txt.

    mpirun -n 2 python scripts/mpi_pytest.py REPORTS [pytest arguments]

Every rank makes the same collective calls, so each runs all tests. A rank that fails one may leave the others waiting
in it: pytest-timeout's thread method then ends them at once, with their stacks in the report (its signal method cannot:
a rank that waits within MPI runs no Python).
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from dtrain.distributed import is_main, launch

ARGUMENTS = ["--with-mpi", "-m", "mpi", "-q", "--color=no", "-p", "no:cacheprovider"]
ARGUMENTS += ["-o", "timeout_method=thread", "-o", "timeout=60"]


def main(reports: Path, arguments: list[str]) -> int:
    """Run the tests marked `mpi`; to have selected none is no failure."""
    with contextlib.ExitStack() as stack:
        if not is_main():
            report = stack.enter_context(open(reports / f"rank-{launch().rank}.txt", "w"))
            stack.enter_context(contextlib.redirect_stdout(report))
        status = pytest.main([*ARGUMENTS, *arguments])
    return 0 if status == pytest.ExitCode.NO_TESTS_COLLECTED else int(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
