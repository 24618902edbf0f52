"""Runs real MPI jobs for tests: with a time limit that ends the whole job, so that a deadlock fails and never hangs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LAUNCHERS = ("OMPI_", "PMIX_", "PRTE_", "PMI_", "MPI_LOCAL", "HYDRA_", "HYDI_", "MV2_", "SLURM_")


@dataclass(frozen=True)
class Run:
    """What a job did: exit status, output, and the seconds it took. `timed_out` jobs were killed at the limit."""

    rc: int
    stdout: str
    stderr: str
    elapsed_s: float
    timed_out: bool = False

    def __str__(self) -> str:
        end = "killed at the time limit" if self.timed_out else f"exit status {self.rc}"
        return f"{end} after {self.elapsed_s:.1f} s\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@cache
def find_mpirun() -> str | None:
    """Return the `mpirun` of this Python environment, else that of the machine, else None."""
    beside = Path(sys.executable).parent
    for name in ("mpirun", "mpiexec"):
        found = shutil.which(name, path=str(beside)) or shutil.which(name)
        if found:
            return found
    return None


needs_mpirun = pytest.mark.skipif(find_mpirun() is None, reason="no mpirun beside this Python or on PATH")


@cache
def is_open_mpi() -> bool:
    """Whether `find_mpirun` belongs to Open MPI; otherwise it is taken for MPICH's."""
    mpirun_path = find_mpirun()
    if mpirun_path is None:
        return False
    version = subprocess.run(
        [mpirun_path, "--version"], capture_output=True, text=True, env=launch_environment(), timeout=30
    )
    return "Open MPI" in version.stdout + version.stderr


def mpirun(
    n: int,
    program: str | Path,
    *args: str,
    timeout_s: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Run:
    """Run `program` on `n` processes with this Python and return what it did.

    Args:
        n: number of processes; more than there are cores is allowed.
        program: a Path is a script; `"-m"` runs the module that is the first of `args`; any other text is code.
        args: arguments of the program.
        timeout_s: the job and all its processes are killed then.
        env: variables to set besides those of this process.
        cwd: folder to run in.
    """
    command = find_mpirun()
    if command is None:
        raise RuntimeError("mpirun: found neither mpirun nor mpiexec beside this Python or on PATH")
    oversubscribe = ["--oversubscribe"] if is_open_mpi() else []
    python = [sys.executable, *_program(program), *args]
    return run([command, *oversubscribe, "-n", str(n), *python], timeout_s=timeout_s, env=env, cwd=cwd)


def serial(
    program: str | Path,
    *args: str,
    timeout_s: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Run:
    """Run `program` as `mpirun` does, in one process and without a launcher."""
    return run([sys.executable, *_program(program), *args], timeout_s=timeout_s, env=env, cwd=cwd)


def run(command: list[str], *, timeout_s: float, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run a command in a process group of its own, of which nothing is left when this returns."""
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=launch_environment(env),
        cwd=cwd,
        start_new_session=True,
    )
    timed_out = False
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        timed_out = True
        stdout, stderr = _stop(process)
    except BaseException:
        _stop(process)
        raise
    return Run(process.returncode, stdout, stderr, time.monotonic() - start, timed_out)


def _program(program: str | Path) -> list[str]:
    if isinstance(program, Path):
        return [str(program)]
    return ["-m"] if program == "-m" else ["-c", program]


def _stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    """End a job: mpirun first, that it takes its ranks along, since Open MPI gives each a group of its own."""
    ranks = _descendants(process.pid)
    process.terminate()
    try:
        output = process.communicate(timeout=3)
    except subprocess.TimeoutExpired:
        output = None
    for pid in [*ranks, process.pid]:
        _kill(pid)
    return output if output is not None else process.communicate()


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(word) for word in children.read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *_descendants(child)]
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def launch_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a process that starts jobs: nothing of a launcher around it, and leave to run as root."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_LAUNCHERS)}
    path = [str(ROOT), *filter(None, [env.get("PYTHONPATH")])]
    env.update(
        PYTHONPATH=os.pathsep.join(path),
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    )
    return env | dict(extra or {})
