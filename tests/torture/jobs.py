"""Real jobs whose every line of output has a time, and of which it is known what they leave behind."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

from tests.mpi.launcher import find_mpirun, is_open_mpi, launch_environment

PROGRAM = Path(__file__).with_name("program.py")
SHARED = Path("/dev/shm")
_MARK = "DTRAIN_TORTURE"
_SETTLE_S = 3.0  # what has been told to end may need so long
_RANK = re.compile(r"\0(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)")
_STRIKES = re.compile(r"^DTRAIN_FAULT: |^\S*Error: wanted at ", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        status: exit status of the launcher; None: the job was killed at the time limit.
        text: all output, of all ranks.
        elapsed_s: from the start to the end.
        after_fault_s: from the first word of a fault to the end; None: there was none.
        left: processes, files and segments of shared memory that are still there, in words.
    """

    status: int | None
    text: str
    elapsed_s: float
    after_fault_s: float | None
    left: list[str]


@dataclass
class Job:
    """A program on `ranks` processes, started at once; `wait` ends it.

    Args:
        words: the program's path and arguments, run by this Python.
        ranks: number of processes; 1: without a launcher.
        temporary: an empty folder for temporary files, of this job alone.
        environment: variables to set besides those of this process.
        launcher: what starts the processes, in place of mpirun and its options.
        through: what starts the launcher.
    """

    words: Sequence[str]
    ranks: int
    temporary: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    launcher: Sequence[str] | None = None
    through: Sequence[str] = ()

    def __post_init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._shared = SHARED if can_mount() else self.temporary.with_name("shm")
        self._lines: list[tuple[float, str]] = []
        self.lost_power = False
        """Whether all was killed, the launcher too: nobody is left to remove what is MPI's."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        if self._shared != SHARED:
            self._shared.mkdir(exist_ok=True)
        self._before = _names(self._shared)
        own = {_MARK: self._mark, "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1"}
        self._start = time.monotonic()
        self.process = subprocess.Popen(
            [*self._apart(), *self.through, *self._launcher(), sys.executable, *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=launch_environment({**self.environment, **own}),
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream,)) for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _apart(self) -> list[str]:
        """What gives the job shared memory of its own, so that all that is left in it is known to be the job's."""
        return [] if self._shared == SHARED else _bound(self._shared)

    def _launcher(self) -> list[str]:
        if self.launcher is not None:
            return list(self.launcher)
        if self.ranks == 1:
            return []
        return [str(find_mpirun()), *(["--oversubscribe"] if is_open_mpi() else []), "-n", str(self.ranks)]

    def _read(self, stream: IO[str] | None) -> None:
        for line in stream or ():
            self._lines.append((time.monotonic(), line))

    def pids(self) -> list[int]:
        """The processes of the job that run, launchers and ranks."""
        return [pid for pid in _processes() if self._mark in _environment(pid)]

    def rank_pids(self) -> dict[int, int]:
        """The processes that are ranks, without launchers."""
        found: dict[int, int] = {}
        for pid in self.pids():
            rank = _RANK.search(_environment(pid))
            if rank:
                found[int(rank[1])] = pid
        return found

    def wait_for(self, happened: Callable[[], bool], timeout_s: float = 60) -> bool:
        """Wait until something has happened; False if the job ended before or it took too long."""
        until = time.monotonic() + timeout_s
        while not happened():
            if self.process.poll() is not None or time.monotonic() > until:
                return happened()
            time.sleep(0.01)
        return True

    def wait(self, timeout_s: float) -> Outcome:
        """Wait for the end, at most so long; nothing of the job is left then."""
        try:
            status: int | None = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        end = time.monotonic()
        left = self._left() if status is not None else []
        self.end()
        for reader in self._readers:
            reader.join()
        lines = sorted(self._lines)
        first = next((when for when, line in lines if _STRIKES.search(line)), None)
        after = None if first is None else end - first
        return Outcome(status, "".join(line for _, line in lines), end - self._start, after, left)

    def end(self) -> None:
        """Kill whatever is left of the job."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _left(self) -> list[str]:
        until = time.monotonic() + _SETTLE_S
        while (left := self._found()) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    def _found(self) -> list[str]:
        processes = [f"process {pid}: {_command(pid)}" for pid in self.pids()]
        files = [f"file {path}" for path in self.temporary.rglob("*") if not path.is_dir()]
        segments = _unused(self._shared, _names(self._shared) - self._before)
        found = [*files, *(f"segment {name}" for name in segments)]
        return processes + [name for name in found if not self.lost_power or "dtrain" in name]


def _processes() -> Iterable[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def _environment(pid: int) -> str:
    """The environment of a process as one text; of one that has ended or is another user's, nothing."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return "ended meanwhile"


def _bound(folder: Path) -> list[str]:
    """What runs a command that sees `folder` in place of /dev/shm."""
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{folder}" {SHARED} && exec "$@"', "sh"]


@cache
def can_mount() -> str:
    """What is missing to mount something for a job alone: nothing, with root's rights."""
    try:
        done = subprocess.run([*_bound(SHARED), "true"], capture_output=True, timeout=30)
    except OSError:
        return "needs unshare"
    return "" if done.returncode == 0 else "needs the right to mount"


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _unused(folder: Path, names: set[str]) -> list[str]:
    """Of segments of shared memory those that no process uses: other jobs may run beside this one."""
    used = ""
    for pid in _processes() if names else ():
        with suppress(OSError):
            used += Path(f"/proc/{pid}/maps").read_text()
    return sorted(name for name in names if name not in used and (folder / name).exists())
