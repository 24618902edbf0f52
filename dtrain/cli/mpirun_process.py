"""A run of mpirun as a child of this process: it gets the signals of its parent, and a lost host is no success."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO

import click

from dtrain.cli.launch_command import LaunchCommand

LOST_HOST = 1
"""Exit status of a job that ended because a host was lost, for which Open MPI's mpirun says 0."""
_LOST = b"therefore will terminate the job"
"""What Open MPI 5 writes when a host is gone, or its daemon there (PRRTE 3.0, `node-died` in its help texts)."""
_FORWARDED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1", "SIGINT") if hasattr(signal, name))
_LAST_WORDS_S = 1.0  # what a remote shell leaves behind may hold the pipe open for ever


class MpirunProcess:
    """Runs the commands of jobs, one after the other.

    Attributes:
        stopped: whether a signal came meanwhile, which is passed on to the job.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, command: LaunchCommand, hosts: bool) -> int:
        """Return the exit status of a command, that of a shell for one that a signal has ended.

        Args:
            command: what is to be run.
            hosts: whether it starts ranks on other hosts.
        """
        sys.stdout.flush()
        environment = {**os.environ, **command.variables}
        self._child = child = subprocess.Popen(
            command.words, env=environment, stderr=subprocess.PIPE if hosts else None, bufsize=0
        )
        relay = None if child.stderr is None else _Relay(child.stderr)
        status = child.wait()
        if relay is not None and relay.says_that_a_host_is_lost() and status == 0:
            text = f"mpirun has lost a host, or its daemon there, and calls that a success: exit status {LOST_HOST}"
            click.echo(f"dtrain launch: {text}", err=True)
            return LOST_HOST
        return 128 - status if status < 0 else status

    @contextmanager
    def forwarding(self) -> Iterator[None]:
        """Within the block, pass signals on to the job."""
        before = {number: signal.signal(number, self._forward) for number in _FORWARDED}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        # The terminal sends Ctrl-C to the job as well, and a second one would end it without its checkpoint.
        by_terminal = number == signal.SIGINT and _in_foreground()
        if self._child is not None and self._child.poll() is None and not by_terminal:
            self._child.send_signal(number)


class _Relay:
    """A thread that passes on what mpirun writes to its standard error, and reads it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lost = False
        self._thread = threading.Thread(target=self._pass_on, name="dtrain-mpirun-errors", daemon=True)
        self._thread.start()

    def says_that_a_host_is_lost(self) -> bool:
        """Whether that was among all that mpirun has written, which has ended."""
        self._thread.join(_LAST_WORDS_S)
        return self._lost

    def _pass_on(self) -> None:
        before = b""
        with self._stream as stream:
            while chunk := stream.read(1 << 16):
                with suppress(OSError):  # nobody reads what this process writes: the job must not stop for that
                    _write(chunk)
                text = before + chunk
                self._lost = self._lost or _LOST in text
                before = text[-len(_LOST) :]


def _write(chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(2, left) :]


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
