"""Which launcher started this process, read from the environment alone: MPI itself is never loaded to find out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

_Environment = Mapping[str, str]


@dataclass(frozen=True)
class Launch:
    """How this process was started.

    Attributes:
        launcher: `"serial"`, `"openmpi"` (mpirun of Open MPI and its kin), `"hydra"` (mpiexec of MPICH or Intel MPI),
            `"pmi"` (another launcher that speaks PMI), `"mvapich"`, `"pmix"` or `"slurm"` (srun).
        rank: place of this process among all, from 0.
        size: number of processes; 0 when the launcher starts several but does not say how many.
        local_rank: place of this process among those on the same host.
        local_size: number of processes on this host.
    """

    launcher: str
    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def parallel(self) -> bool:
        """Whether the launcher started more than this one process."""
        return self.size != 1


def detect(environ: _Environment | None = None) -> Launch:
    """Return how this process was started; serial when no launcher left its mark.

    A shell inside an allocation (`salloc`, `sbatch`) is serial: only a step of several tasks counts, so
    `python script.py` typed there runs as one process.
    """
    env = os.environ if environ is None else environ
    for reader in (_openmpi, _mvapich, _pmi, _slurm, _pmix):
        launch = reader(env)
        if launch is not None:
            return launch
    return Launch("serial")


def _integer(env: _Environment, name: str) -> int | None:
    value = env.get(name, "")
    return int(value) if value.isdecimal() else None


def _launch(env: _Environment, launcher: str, rank: str, size: str, local_rank: str, local_size: str) -> Launch | None:
    this, total = _integer(env, rank), _integer(env, size)
    if this is None or not total:
        return None
    return Launch(launcher, this, total, _integer(env, local_rank) or 0, _integer(env, local_size) or 1)


def _openmpi(env: _Environment) -> Launch | None:
    prefix = "OMPI_COMM_WORLD_"
    return _launch(env, "openmpi", *(prefix + name for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE")))


def _mvapich(env: _Environment) -> Launch | None:
    prefix = "MV2_COMM_WORLD_"
    return _launch(env, "mvapich", *(prefix + name for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE")))


def _pmi(env: _Environment) -> Launch | None:
    if "MPI_LOCALNRANKS" in env:
        return _launch(env, "hydra", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS")
    launch = _launch(env, "pmi", "PMI_RANK", "PMI_SIZE", "PMI_LOCAL_RANK", "PMI_LOCAL_SIZE")
    step = _slurm(env)
    # srun --mpi=pmi2 says the rank in PMI's words and the place on the host in its own.
    return step if launch is not None and step is not None and step.size == launch.size else launch


def _slurm(env: _Environment) -> Launch | None:
    # The batch script and the shell of salloc have SLURM_PROCID=0 and SLURM_NTASKS=N too, but no step of N tasks.
    launch = _launch(env, "slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "")
    if launch is None or launch.size == 1:
        return None
    tasks = _tasks_per_node(env.get("SLURM_STEP_TASKS_PER_NODE", ""))
    node = _integer(env, "SLURM_NODEID") or 0
    return Launch("slurm", launch.rank, launch.size, launch.local_rank, tasks[node] if node < len(tasks) else 1)


def _tasks_per_node(text: str) -> list[int]:
    """Expand Slurm's shorthand: `"2(x3),1"` means 2, 2, 2, 1."""
    counts: list[int] = []
    for tasks, times in re.findall(r"(\d+)(?:\(x(\d+)\))?", text):
        counts += [int(tasks)] * int(times or 1)
    return counts


def _pmix(env: _Environment) -> Launch | None:
    # PMIx itself tells the number of processes only through its library, that is: once MPI is loaded.
    rank = _integer(env, "PMIX_RANK")
    if rank is None or "PMIX_NAMESPACE" not in env:
        return None
    size = _integer(env, "SLURM_STEP_NUM_TASKS") or 0
    return Launch("pmix", rank, size, _integer(env, "SLURM_LOCALID") or 0, 1)
