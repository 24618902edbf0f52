"""What mpirun says is passed on, and a lost host is not taken for success."""

from __future__ import annotations

import sys

import pytest

from dtrain.cli.launch_command import LaunchCommand
from dtrain.cli.mpirun_process import LOST_HOST, MpirunProcess
from dtrain.cli.restarts import FINAL

LOST = """PRTE has lost communication with a remote daemon.
This is usually due to either a failure of the TCP network
connection to the node, or possibly an internal failure of
the daemon itself. We cannot recover from this failure, and
therefore will terminate the job.
"""


def python(code: str) -> LaunchCommand:
    return LaunchCommand([sys.executable, "-c", f"import os, sys, time\n{code}"])


def test_a_lost_host_is_no_success(capfd: pytest.CaptureFixture[str]) -> None:
    command = python(f"sys.stderr.write({LOST!r})")
    assert MpirunProcess().run(command, hosts=True) == LOST_HOST
    assert LOST_HOST not in FINAL  # or it would not be started again
    told = capfd.readouterr().err
    assert told.startswith(LOST) and "mpirun has lost a host" in told


def test_words_that_come_in_pieces_are_understood() -> None:
    pieces = [LOST[:-20], LOST[-20:]]
    command = python(f"for piece in {pieces!r}: os.write(2, piece.encode()); time.sleep(0.05)")
    assert MpirunProcess().run(command, hosts=True) == LOST_HOST


@pytest.mark.parametrize("hosts", [False, True])
def test_what_a_job_says_and_how_it_ends_is_passed_on(hosts: bool, capfd: pytest.CaptureFixture[str]) -> None:
    command = python("os.write(1, b'out'); os.write(2, b'x' * 300_000); sys.exit(9)")
    assert MpirunProcess().run(command, hosts) == 9
    told = capfd.readouterr()
    assert told.out == "out" and told.err == "x" * 300_000
    assert MpirunProcess().run(python("os.kill(os.getpid(), 9)"), hosts) == 137


def test_a_job_that_ends_well_or_badly_keeps_its_status_whatever_it_writes() -> None:
    assert MpirunProcess().run(python("sys.stderr.write('a rank was lost')"), hosts=True) == 0
    assert MpirunProcess().run(python(f"sys.stderr.write({LOST!r}); sys.exit(3)"), hosts=True) == 3


def test_a_process_that_stays_behind_with_the_pipe_does_not_hold_the_end() -> None:
    stays = "import subprocess\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)'])"
    assert MpirunProcess().run(python(f"{stays}\nsys.stderr.write({LOST!r})"), hosts=True) == LOST_HOST
