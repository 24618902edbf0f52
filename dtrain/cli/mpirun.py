"""The mpirun that belongs to this Python, its family, and what it needs to be told about this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OPEN_MPI, MPICH, INTEL = "Open MPI", "MPICH", "Intel MPI"


def find_mpirun() -> str | None:
    """Return the path of mpirun, None without one: beside this Python, where an MPI wheel puts it, or else on PATH."""
    beside = str(Path(sys.executable).parent)
    for name in ("mpirun", "mpiexec"):
        path = shutil.which(name, path=beside) or shutil.which(name)
        if path:
            return path
    return None


def version_text(mpirun: str) -> str:
    """Return what `mpirun --version` says, "" if it does not run."""
    try:
        done = subprocess.run([mpirun, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def family(text: str) -> str | None:
    """Return the MPI family that a version text of mpirun or of the library speaks of."""
    for sign, name in (
        ("Intel(R) MPI", INTEL),
        ("Open MPI", OPEN_MPI),
        ("OpenRTE", OPEN_MPI),
        ("HYDRA", MPICH),
        ("MPICH", MPICH),
    ):
        if sign in text:
            return name
    return None


def compatible(one: str | None, other: str | None) -> bool:
    """Whether ranks started by one family meet in a library of the other: Intel MPI descends from MPICH."""
    hydra = {MPICH, INTEL}
    return one == other or {one, other} <= hydra


def permissive(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with leave to start a few ranks anywhere: as root, and more than there are cores.

    The names are those of Open MPI, version 4 (`OMPI_`) and 5 (`PRTE_`); other MPIs need nothing and ignore them.
    """
    leave = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    return {**leave, **environment}


def is_root() -> bool:
    """Whether this process has the rights of root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def physical_cores() -> int:
    """Return the physical cores that this process may use: what Open MPI counts as places for ranks."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    usable = os.sched_getaffinity(0)
    folder = Path("/sys/devices/system/cpu")
    try:
        cores = {
            tuple((folder / f"cpu{cpu}" / "topology" / name).read_text() for name in ("physical_package_id", "core_id"))
            for cpu in usable
        }
    except OSError:
        return len(usable)
    return len(cores)
