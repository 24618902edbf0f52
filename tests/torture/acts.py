"""What is done to a job while it runs: each returns what was wrong, if anything can be."""

from __future__ import annotations

import os
import shutil
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from dtrain.checkpoint import CheckpointError, CheckpointWarning, newest_good
from dtrain.checkpoint.store import list_checkpoints
from tests.torture.ends import TIMEOUT_S, made, start
from tests.torture.jobs import Job

Act = Callable[[Job, Path], list[str] | None]


def continue_after(seconds: float) -> Act:
    """Let ranks that have been stopped go on after some time."""

    def act(job: Job, folder: Path) -> None:
        job.wait_for(lambda: bool(_stopped(job)))
        time.sleep(seconds)
        _continue(job)

    return act


def _stopped(job: Job) -> list[int]:
    return [pid for pid in job.pids() if _state(pid) == "T"]


def _continue(job: Job) -> None:
    for pid in _stopped(job):
        os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def tell_launcher(name: str, times: int = 1) -> Act:
    """Send a signal to the launcher once the ranks are at step 9, so many times within a moment."""

    def act(job: Job, folder: Path) -> None:
        job.wait_for(lambda: made(folder) >= 9)
        for _ in range(times):
            job.process.send_signal(getattr(signal, f"SIG{name}"))
            time.sleep(0.05)

    return act


def kill_all(job: Job, folder: Path) -> None:
    """Let the power fail once the ranks are at step 9."""
    job.wait_for(lambda: made(folder) >= 9)
    power_off(job)


def power_off(job: Job) -> None:
    """Kill launchers and ranks, as far as possible in one moment."""
    job.lost_power = True
    pids = job.pids()
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped, none does anything about the death of another
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def remove_states(job: Job, folder: Path) -> None:
    """Take the folder of states away once there is a state in it."""
    states = folder / "run" / "states"
    job.wait_for(lambda: states.is_dir() and bool(list_checkpoints(states)))
    while states.exists():
        shutil.rmtree(states, ignore_errors=True)


def read_always(job: Job, folder: Path) -> list[str]:
    """Read the newest state again and again: it is whole, and never an older one than before."""
    states, steps, problems = folder / "run" / "states", [0], []
    while job.process.poll() is None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", CheckpointWarning)
                steps.append(newest_good(states)[1].step)
        except CheckpointError as error:
            if len(steps) > 1 or ("holds no checkpoints" not in str(error) and "not there" not in str(error)):
                problems.append(f"could not be read: {error}")
        except CheckpointWarning as warning:
            problems.append(f"was refused: {warning}")
    if steps != sorted(steps):
        problems.append(f"went back: {steps}")
    return problems if len(set(steps)) > 2 else [*problems, f"too little was read: {steps}"]


def begin_another(job: Job, folder: Path) -> list[str]:
    """Start a second job in the same folder while the first is stopped: it is refused, and told who writes there."""
    job.wait_for(lambda: bool(_stopped(job)))
    (folder / "other").mkdir()
    (folder / "other" / "run").symlink_to(folder / "run")  # another path to the same folder is no other folder
    second = start(folder / "other", 2, ()).wait(TIMEOUT_S)
    _continue(job)
    if second.status == 0 or "is being written by another job: pid" not in second.text:
        return [f"the second job ends with {second.status} and says: {second.text[-2000:]}"]
    return [f"left behind: {thing}" for thing in second.left]
