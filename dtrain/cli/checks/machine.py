"""Cores, memory that processes can share, user, scheduler and launcher."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dtrain.cli.checks.check import Check
from dtrain.cli.mpirun import is_root
from dtrain.distributed.cores import share
from dtrain.distributed.launcher import Launch, detect
from dtrain.distributed.placement import lonely

SMALL_SHM_BYTES = 256 * 2**20
SCHEDULERS = {"Slurm": "SLURM_JOB_ID", "PBS": "PBS_JOBID", "LSF": "LSB_JOBID", "Grid Engine": "JOB_ID"}


def check_machine() -> list[Check]:
    """Return the rows about this machine and how this process was started."""
    return [
        cores(os.cpu_count() or 1, _usable_cores(), share(local_size=1)),
        shared_memory(Path("/dev/shm")),
        user(is_root(), os.environ),
        scheduler(os.environ),
        launcher(detect()),
    ]


def cores(present: int, usable: int, granted: int) -> Check:
    """Judge how many of the machine's cores this process may use: by its affinity, and by its control group's limit."""
    value = f"{usable} of {present} usable"
    if granted < usable:
        advice = f"more ranks × threads than {granted} are throttled: use -n {granted}, or raise it (docker run --cpus)"
        return Check("Cores", f"{value}, limited to the time of {granted} by the control group", "warn", advice)
    return Check("Cores", value)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shared_memory(folder: Path) -> Check:
    """Judge the memory that ranks of one node can share, in which they sum gradients."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return Check("Shared memory", f"no {folder} on this system")
    free_bytes = state.f_bavail * state.f_frsize
    value = f"{free_bytes / 2**20:,.0f} MiB free in {folder}"
    if free_bytes < SMALL_SHM_BYTES:
        advice = "large models may not fit: free some, or give the container more (docker run --shm-size=1g)"
        return Check("Shared memory", value, "warn", advice)
    return Check("Shared memory", value)


def user(root: bool, environment: Mapping[str, str]) -> Check:
    """Judge whether Open MPI, which refuses root, was told to accept it."""
    if not root:
        return Check("User", "not root")
    names = ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM")
    if all(environment.get(name) == "1" for name in names):
        return Check("User", "root, and Open MPI is told to accept that")
    advice = f"Open MPI refuses root: use launch/local.sh, or export {' '.join(f'{name}=1' for name in names)}"
    return Check("User", "root", "warn", advice)


def scheduler(environment: Mapping[str, str]) -> Check:
    """Say within which scheduler's job this process runs, if in any."""
    for name, variable in SCHEDULERS.items():
        if environment.get(variable):
            return Check("Scheduler", f"{name}, job {environment[variable]}")
    return Check("Scheduler", "none")


def launcher(launch: Launch) -> Check:
    """Say which launcher started this process."""
    wrong = lonely(launch)
    if wrong is not None:
        return Check("Launcher", wrong.what, "warn", wrong.advice)
    if not launch.parallel:
        return Check("Launcher", "none: this is one process")
    return Check("Launcher", f"{launch.launcher}: rank {launch.rank} of {launch.size or 'several'}")
