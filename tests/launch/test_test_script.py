from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.launch.project import REPORT

SERIAL, TWO, THREE = "serial tests", "MPI tests on 2 processes", "MPI tests on 3 processes"


@pytest.fixture
def tests(project):
    """The project with tests that end as the variables say: SERIAL for the serial ones, MPI for those under mpirun."""
    project.installed("test")
    python = project.venv / "bin/python"
    real = python.read_text()
    project.program(
        python, real.replace("exec", '[ "$2" = pytest ] && { echo "pytest $*"; eval "${SERIAL:-true}"; exit; }\nexec')
    )
    project.program(project.venv / "bin/mpirun", REPORT.replace('exit "${FAKE_STATUS:-0}"', 'eval "${MPI:-true}"'))
    return project


def test_all_parts_run_and_the_last_line_names_them(tests):
    done = tests.run("scripts/test.sh")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"dtrain: passed: {SERIAL}, {TWO}, {THREE}."
    assert "arguments=-n 2" in done.stdout and "arguments=-n 3" in done.stdout


def test_arguments_select_in_every_part(tests):
    done = tests.run("scripts/test.sh", "-k", "conv and not slow")
    assert done.stdout.count("-k conv and not slow") == 3


def test_a_part_that_fails_is_named_and_the_others_still_run(tests):
    done = tests.run("scripts/test.sh", SERIAL="exit 1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"dtrain: FAILED: {SERIAL} (status 1). Ran: {SERIAL}, {TWO}, {THREE}."


def test_a_deadlock_is_ended_by_the_time_limit(tests):
    done = tests.run("scripts/test.sh", MPI="sleep 50", DTRAIN_TEST_LIMIT_S="2")
    assert done.returncode == 1 and f"{TWO} (no end within 1 s)" in done.stderr


def test_no_serial_test_selected_is_no_failure(tests):
    done = tests.run("scripts/test.sh", SERIAL="exit 5")
    assert done.returncode == 0 and f"passed: {SERIAL} (none selected), {TWO}" in done.stderr


def test_what_the_other_ranks_reported_is_shown_when_an_mpi_part_fails(tests):
    write = 'for word in "$@"; do [ -d "$word" ] && echo "lost a rank" >"$word/rank-1.txt"; done'
    done = tests.run("scripts/test.sh", MPI=f"{write}; exit 1")
    assert "---- report of rank-1" in done.stderr and "lost a rank" in done.stdout
    assert "report of" not in tests.run("scripts/test.sh", MPI=write).stderr


def test_ctrl_c_ends_the_tests_and_the_script(tests, tmp_path):
    ready = tmp_path / "ready"
    script = subprocess.Popen(
        [tests.root / "scripts/test.sh"],
        env={**os.environ, "DTRAIN_MPI": "openmpi", "SERIAL": f"touch {ready}; sleep 50"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    script.send_signal(signal.SIGINT)
    out, _ = script.communicate(timeout=30)
    assert script.returncode == 130 and b"arguments=-n" not in out
