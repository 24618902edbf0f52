"""A name that all processes of a job share and no other job has, from what the launcher left: it takes no messages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dtrain.distributed.launcher import Launch


def job_id(launch: Launch, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the name of the job; None in a process that runs alone, and where the launcher gives none.

    MPICH's launcher gives none, but the processes of one host are children of one process of it.
    """
    if not launch.parallel:
        return None
    env = os.environ if environ is None else environ
    if launch.launcher in ("openmpi", "pmix"):
        return env.get("PMIX_NAMESPACE")
    if launch.launcher == "slurm":
        return _joined(env, "SLURM_JOB_ID", "SLURM_STEP_ID")
    return _joined(env, "PALS_APID") or (_parent() if launch.local_size == launch.size else None)


def _joined(env: Mapping[str, str], *names: str) -> str | None:
    values = [env.get(name, "") for name in names]
    return ".".join(values) if all(values) else None


def _parent() -> str | None:
    """The process that started this one, by its number and the time of its start."""
    number = os.getppid()
    with suppress(OSError, IndexError):  # where there is no /proc
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return f"{number}.{fields[19]}"
    return None
