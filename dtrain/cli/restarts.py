"""`dtrain launch --max-restarts`: starts a job again when a rank has died, on the hosts that are still there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from dtrain.cli.hosts import Hosts, split_hosts
from dtrain.cli.launch_command import LaunchCommand
from dtrain.distributed.restarts import JOB, RESTART, noted_step

FINAL = {0: "done", 2: "wrong usage", 75: "saved and stopped on request", 130: "Ctrl-C"}
"""Exit statuses after which a job is not started again."""
_LONGEST_WAIT_S = 60.0
_FORWARDED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1", "SIGINT") if hasattr(signal, name))


class Restarts:
    """Runs a job until it ends by itself, has been started again `limit` times, or makes no progress.

    Args:
        make: gives the command for the hosts that are left (none: this machine alone) and variables to set.
        hosts: all of them.
        limit: how often the job is started again at most.
    """

    def __init__(self, make: Callable[[Hosts, Mapping[str, str]], LaunchCommand], hosts: Hosts, limit: int) -> None:
        self._make = make
        self._hosts = hosts
        self._limit = limit
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> int:
        """Return the exit status of the last start."""
        folder = Path(tempfile.mkdtemp(prefix="dtrain-launch-"))
        try:
            with self._forwarding():
                return self._run(folder / "step")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, notes: Path) -> int:
        before: int | None = None
        for count in range(self._limit + 1):
            status = self._start(count, notes)
            step = noted_step(notes)
            if self._stopped or status in FINAL:
                return status
            if count == self._limit:
                _say(f"{_ended(status)}. Given up: it was started again {count} times, as --max-restarts says")
            elif step is not None and step == before:
                _say(f"{_ended(status)}. Given up: twice it went on from step {step} and came no further")
                break
            elif not self._wait(status, count):
                break
            before = step
        return status

    def _wait(self, status: int, count: int) -> bool:
        """Wait a while, longer each time, and look which hosts are still there; False if it makes no sense to go on."""
        seconds = min(2.0**count, _LONGEST_WAIT_S)
        _say(f"{_ended(status)}. Restart {count + 1} of {self._limit} in {seconds:.0f} s, from the newest checkpoint")
        until = time.monotonic() + seconds
        while not self._stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        if self._stopped:
            return False
        there, gone = split_hosts(self._hosts)
        if gone:
            places = sum(places for _, places in there)
            _say(f"{', '.join(gone)} {'do' if len(gone) > 1 else 'does'} not answer: {places} places are left")
        if gone and not there:
            return False
        self._hosts = there
        return True

    def _start(self, count: int, notes: Path) -> int:
        command = self._make(self._hosts, {RESTART: str(count), JOB: str(notes)})
        sys.stdout.flush()
        self._child = subprocess.Popen(command.words, env={**os.environ, **command.variables})
        status = self._child.wait()
        return 128 - status if status < 0 else status

    @contextmanager
    def _forwarding(self) -> Iterator[None]:
        """Pass signals on to the job; after one it is not started again."""
        before = {number: signal.signal(number, self._forward) for number in _FORWARDED}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True
        # The terminal sends Ctrl-C to the job as well, and a second one would end it without its checkpoint.
        by_terminal = number == signal.SIGINT and _in_foreground()
        if self._child is not None and self._child.poll() is None and not by_terminal:
            self._child.send_signal(number)


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _ended(status: int) -> str:
    killed = status - 128
    if 0 < killed < 65 and killed in set(signal.Signals):
        return f"the job ended by {signal.Signals(killed).name}"
    return f"the job ended with exit status {status}"


def _say(text: str) -> None:
    click.echo(f"dtrain launch: {text}", err=True)
