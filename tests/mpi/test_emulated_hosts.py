"""Hosts with a network, a name and shared memory of their own, one of which is lost: scripts/try_hosts.sh."""

from __future__ import annotations

import sys

import pytest

from tests.mpi.launcher import ROOT, is_open_mpi, needs_mpirun, run

pytestmark = [
    needs_mpirun,
    pytest.mark.skipif(not is_open_mpi(), reason="only Open MPI lets a job go on when a rank is lost"),
]


def test_where_a_host_is_gone_the_job_starts_again_without_it_and_ends_with_the_same_bits() -> None:
    script = ROOT / "scripts" / "try_hosts.sh"
    done = run([str(script), "--elastic", sys.executable, "host"], timeout_s=180)
    if "try_hosts: skipped: " in done.stderr:
        pytest.skip(done.stderr.partition("skipped: ")[2].strip())
    assert done.rc == 0, str(done)
    assert "the job went on in 1 of 1 cases, and ended with the bits of one process" in done.stderr, str(done)
