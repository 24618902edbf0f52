"""A job is started again when it died, and not when it is done, was stopped, or comes no further."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dtrain.cli import hosts as hosts_module
from dtrain.cli import restarts as restarts_module
from dtrain.cli.hosts import Hosts, split_hosts
from dtrain.cli.launch_command import LaunchCommand
from dtrain.cli.restarts import FINAL, Restarts
from dtrain.distributed.restarts import job_name, note_step, noted_step, restart_count


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts_module, "_LONGEST_WAIT_S", 0.0)


class Job:
    """A job of one process: for each start its exit status, and what it does before."""

    def __init__(self, *statuses: int, code: str = "") -> None:
        self.statuses = statuses
        self.code = code
        self.hosts: list[Hosts] = []
        self.counts: list[str] = []

    def make(self, hosts: Hosts, variables: Mapping[str, str]) -> LaunchCommand:
        self.hosts.append(hosts)
        self.counts.append(variables["DTRAIN_RESTART"])
        status = self.statuses[len(self.counts) - 1]
        code = f"import os, sys\nfrom pathlib import Path\n{self.code}\nsys.exit({status})"
        return LaunchCommand([sys.executable, "-c", code], dict(variables))

    def run(self, limit: int = 5, hosts: Hosts | None = None, least: int = 1) -> int:
        return Restarts(self.make, hosts or [], limit, least).run()


def test_a_job_is_started_again_until_it_is_done() -> None:
    job = Job(1, 137, 0)
    assert job.run() == 0
    assert job.counts == ["0", "1", "2"]


@pytest.mark.parametrize("status", sorted(FINAL))
def test_some_ends_are_final(status: int) -> None:
    job = Job(status)
    assert job.run() == status
    assert job.counts == ["0"]


TOO_FEW = """
from dtrain.distributed.restarts import note_too_few
if os.environ['DTRAIN_RESTART'] == '0':
    note_too_few()
"""


def test_a_job_that_had_lost_too_many_ranks_is_started_again(capfd: pytest.CaptureFixture[str]) -> None:
    job = Job(75, 75, 0, code=TOO_FEW)
    assert job.run() == 75  # the second time it was asked to stop
    assert job.counts == ["0", "1"]
    assert "too few ranks were left. Restart 1 of 5" in capfd.readouterr().err


def test_a_job_that_made_something_of_too_few_ranks_is_done() -> None:
    job = Job(0, 0, code=TOO_FEW)
    assert job.run() == 0
    assert job.counts == ["0"]


def test_a_job_that_dies_too_often_is_given_up(capfd: pytest.CaptureFixture[str]) -> None:
    job = Job(7, 7, 137)
    assert job.run(limit=2) == 137
    assert job.counts == ["0", "1", "2"]
    told = capfd.readouterr().err
    assert "exit status 7. Restart 1 of 2" in told
    assert "ended by SIGKILL. Given up: it was started again 2 times" in told


def test_a_job_that_goes_on_from_the_same_step_twice_is_given_up(capfd: pytest.CaptureFixture[str]) -> None:
    noting = "if os.environ['DTRAIN_RESTART'] != '0': Path(os.environ['DTRAIN_JOB']).write_text('12')"
    job = Job(1, 1, 1, 1, code=noting)
    assert job.run() == 1
    assert job.counts == ["0", "1", "2"]
    assert "twice it went on from step 12 and came no further" in capfd.readouterr().err


def test_a_job_that_comes_further_each_time_goes_on() -> None:
    job = Job(1, 1, 1, 0, code="Path(os.environ['DTRAIN_JOB']).write_text(os.environ['DTRAIN_RESTART'])")
    assert job.run() == 0


def test_nothing_is_left_of_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Job(1, 0, code="Path(os.environ['DTRAIN_JOB']).write_text('3')").run()
    assert list(tmp_path.iterdir()) == []


def test_hosts_that_do_not_answer_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hosts_module, "_answers", lambda host: host != "b")
    job = Job(1, 0)
    assert job.run(hosts=[("a", 2), ("b", 2), ("c", 1)]) == 0
    assert job.hosts == [[("a", 2), ("b", 2), ("c", 1)], [("a", 2), ("c", 1)]]
    assert "b does not answer: 3 places are left" in capfd.readouterr().err


def test_without_a_host_that_answers_there_is_no_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "_answers", lambda host: False)
    job = Job(1, 0)
    assert job.run(hosts=[("a", 2)]) == 1
    assert job.counts == ["0"]


def test_with_fewer_places_than_it_needs_a_job_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hosts_module, "_answers", lambda host: host != "b")
    job = Job(1, 0)
    assert job.run(hosts=[("a", 2), ("b", 2)], least=3) == 1
    assert job.counts == ["0"]
    assert "b does not answer: 2 places are left, and the job needs 3" in capfd.readouterr().err


def test_the_remote_shell_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = tmp_path / "agent"
    agent.write_text('#!/bin/sh\necho "$@" >> "$(dirname "$0")/calls"\ntest "$1" = there\n')
    agent.chmod(0o755)
    monkeypatch.setenv("PRTE_MCA_plm_ssh_agent", str(agent))
    assert split_hosts([("there", 2), ("gone", 1), ("localhost", 3)]) == ([("there", 2), ("localhost", 3)], ["gone"])
    assert sorted((tmp_path / "calls").read_text().splitlines()) == ["gone true", "there true"]


STOPPED = """
import sys
from dtrain.cli.launch_command import LaunchCommand
from dtrain.cli.restarts import Restarts
job = '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *a: sys.exit(9))
print('[up]', flush=True)
time.sleep(60)
'''
sys.exit(Restarts(lambda hosts, v: LaunchCommand([sys.executable, "-c", job], dict(v)), [], 5).run())
"""


def test_a_signal_reaches_the_job_and_is_its_end() -> None:
    root = str(Path(__file__).parents[2])
    run = subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "[up]\n"
    run.send_signal(signal.SIGTERM)
    rest, _ = run.communicate(timeout=20)
    assert (rest, run.returncode) == ("", 9)


def test_the_job_and_its_starter_understand_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (restart_count(), job_name()) == (0, None)
    note_step(3)
    file = tmp_path / "job-1" / "step"
    file.parent.mkdir()
    monkeypatch.setenv("DTRAIN_RESTART", "2")
    monkeypatch.setenv("DTRAIN_JOB", str(file))
    assert (restart_count(), job_name(), noted_step(file)) == (2, "job-1", None)
    note_step(3)
    assert (noted_step(file), noted_step(file)) == (3, None)
