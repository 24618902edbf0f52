"""`dtrain launch --max-restarts`: starts a job again when a rank has died, on the hosts that are still there."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from dtrain.cli.hosts import Hosts, split_hosts
from dtrain.cli.launch_command import LaunchCommand
from dtrain.cli.mpirun_process import MpirunProcess
from dtrain.distributed.restarts import JOB, RESTART, had_too_few, noted_step

_STOPPED = 75
FINAL = {0: "done", 2: "wrong usage", _STOPPED: "saved and stopped on request", 130: "Ctrl-C"}
"""Exit statuses after which a job is not started again, unless it has stopped because it had lost too many ranks."""
_LONGEST_WAIT_S = 60.0


class Restarts:
    """Runs a job until it ends by itself, has been started again `limit` times, or makes no progress.

    Args:
        make: gives the command for the hosts that are left (none: this machine alone) and variables to set.
        hosts: all of them.
        limit: how often the job is started again at most.
        least: how many places on hosts it needs.
    """

    def __init__(
        self, make: Callable[[Hosts, Mapping[str, str]], LaunchCommand], hosts: Hosts, limit: int, least: int = 1
    ) -> None:
        self._make = make
        self._hosts = hosts
        self._limit = limit
        self._least = least
        self._mpirun = MpirunProcess()

    def run(self) -> int:
        """Return the exit status of the last start."""
        folder = Path(tempfile.mkdtemp(prefix="dtrain-launch-"))
        try:
            with self._mpirun.forwarding():
                return self._run(folder / "step")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, notes: Path) -> int:
        before: int | None = None
        for count in range(self._limit + 1):
            status = self._start(count, notes)
            step = noted_step(notes)
            too_few = had_too_few(notes) and status == _STOPPED
            if self._mpirun.stopped or (status in FINAL and not too_few):
                return status
            ended = "too few ranks were left" if too_few else _ended(status)
            if count == self._limit:
                _say(f"{ended}. Given up: it was started again {count} times, as --max-restarts says")
            elif step is not None and step == before:
                _say(f"{ended}. Given up: twice it went on from step {step} and came no further")
                break
            elif not self._wait(ended, count):
                break
            before = step
        return status

    def _wait(self, ended: str, count: int) -> bool:
        """Wait a while, longer each time, and look which hosts are still there; False if it makes no sense to go on."""
        seconds = min(2.0**count, _LONGEST_WAIT_S)
        _say(f"{ended}. Restart {count + 1} of {self._limit} in {seconds:.0f} s, from the newest checkpoint")
        until = time.monotonic() + seconds
        while not self._mpirun.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        if self._mpirun.stopped:
            return False
        there, gone = split_hosts(self._hosts)
        if gone:
            places = sum(places for _, places in there)
            needs = f", and the job needs {self._least}" if places < self._least else ""
            _say(f"{', '.join(gone)} {'do' if len(gone) > 1 else 'does'} not answer: {places} places are left{needs}")
            if places < self._least:
                return False
        self._hosts = there
        return True

    def _start(self, count: int, notes: Path) -> int:
        return self._mpirun.run(self._make(self._hosts, {RESTART: str(count), JOB: str(notes)}), bool(self._hosts))


def _ended(status: int) -> str:
    killed = status - 128
    if 0 < killed < 65 and killed in set(signal.Signals):
        return f"the job ended by {signal.Signals(killed).name}"
    return f"the job ended with exit status {status}"


def _say(text: str) -> None:
    click.echo(f"dtrain launch: {text}", err=True)
