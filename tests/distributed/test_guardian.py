"""A process that is stopped is killed by the one beside it, which never outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dtrain.distributed import guardian
from dtrain.distributed.guardian import Stop
from tests.mpi.launcher import ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")

RANK = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import os, time
from dtrain.distributed import guardian
guardian.start(float(sys.argv[1]), "rank 7 (host here)")
exec(sys.argv[2])
print("ready", flush=True)
time.sleep(60)
"""
LONG_S = 20.0  # what is waited for comes sooner


@pytest.fixture
def rank() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process with a guardian, in a process group of its own, as mpirun does with a rank."""
    started: list[subprocess.Popen[str]] = []

    def start(limit_s: float = 0.2, then: str = "", watched: bool = True) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RANK, str(limit_s), then],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        assert not watched or comes_true(lambda: guardians(process.pid))
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def guardians(parent: int) -> list[int]:
    """Processes that guard one."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if guardian.__file__.encode() in words and str(parent).encode() in words:
                found.append(int(path.name))
        except OSError:
            continue
    return found


def comes_true(claim: Callable[[], object]) -> bool:
    until = time.monotonic() + LONG_S
    while not claim() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(claim())


def test_a_stopped_process_is_killed_and_its_name_said(rank: Callable[..., subprocess.Popen[str]]) -> None:
    process = rank()
    process.send_signal(signal.SIGSTOP)
    assert process.wait(LONG_S) == -signal.SIGKILL
    expected = "dtrain: rank 7 (host here) has been stopped for 0.2 s (DTRAIN_HUNG_S) and is killed.\n"
    assert process.communicate()[1] == expected
    assert comes_true(lambda: not guardians(process.pid))


def test_who_stops_the_whole_group_may_let_it_go_on_later(rank: Callable[..., subprocess.Popen[str]]) -> None:
    process = rank()
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(0.2 + guardian.HEAD_START_S + 1.0)
    os.killpg(process.pid, signal.SIGCONT)
    time.sleep(0.5)
    assert process.poll() is None and guardians(process.pid)


def test_signals_for_the_rank_leave_its_guardian_alone(rank: Callable[..., subprocess.Popen[str]]) -> None:
    numbers = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    process = rank(
        then=f"import signal; [signal.signal(number, signal.SIG_IGN) for number in {list(map(int, numbers))}]"
    )
    for number in numbers:
        os.killpg(process.pid, number)
    time.sleep(0.2)
    process.send_signal(signal.SIGSTOP)
    assert process.wait(LONG_S) == -signal.SIGKILL


@pytest.mark.parametrize("forked", [False, True], ids=["alone", "with a forked process that lives on"])
def test_nothing_is_left_of_it_when_the_rank_is_killed(
    rank: Callable[..., subprocess.Popen[str]], forked: bool
) -> None:
    fork = "os.fork() or (os.close(1), os.close(2), time.sleep(30))"
    process = rank(60.0, fork if forked else "")
    process.kill()
    process.wait()
    assert comes_true(lambda: not guardians(process.pid))
    if forked:
        os.killpg(process.pid, signal.SIGKILL)


def test_a_rank_that_nobody_waits_for_dismisses_it(rank: Callable[..., subprocess.Popen[str]]) -> None:
    process = rank(then="guardian.dismiss(); guardian.dismiss()", watched=False)
    assert not guardians(process.pid)
    assert not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()


def test_without_a_limit_there_is_none(rank: Callable[..., subprocess.Popen[str]]) -> None:
    assert not guardians(rank(float("inf"), watched=False).pid)


def test_it_loads_neither_numpy_nor_mpi(rank: Callable[..., subprocess.Popen[str]]) -> None:
    process = rank(60.0)
    maps = Path(f"/proc/{guardians(process.pid)[0]}/maps").read_text()
    assert "numpy" not in maps and "mpi" not in maps and "ctypes" not in maps


def stopped_s(*looks: tuple[float, tuple[str, ...]]) -> float:
    stop = Stop(0.0)
    return [stop.seconds(seen, now) for now, seen in looks][-1]


STOPPED, RUNS = ("T", "5", "1"), ("S", "5", "1")


def test_time_counts_while_the_process_stays_stopped() -> None:
    assert stopped_s((1, RUNS), (2, STOPPED), (3, STOPPED), (4, STOPPED)) == 2
    assert stopped_s((1, STOPPED), (2, RUNS), (3, STOPPED), (4, STOPPED)) == 1
    assert stopped_s((1, ()), (2, ())) == 0


def test_a_process_that_runs_between_two_looks_is_not_stopped() -> None:
    assert stopped_s((1, STOPPED), (2, ("T", "6", "1")), (3, ("T", "7", "1"))) == 0


def test_while_the_guardian_itself_does_not_run_no_time_counts() -> None:
    assert stopped_s((1, STOPPED), (2, STOPPED), (90, STOPPED), (91, STOPPED)) == 1
