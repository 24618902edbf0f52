"""The hosts of a job: which of them still answer."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Hosts = list[tuple[str, int]]
_TIMEOUT_S = 10.0
_AGENTS = ("PRTE_MCA_plm_ssh_agent", "OMPI_MCA_plm_rsh_agent", "HYDRA_LAUNCHER_EXEC")


def split_hosts(hosts: Hosts) -> tuple[Hosts, list[str]]:
    """Return the hosts that answer, with their places, and the names of the others."""
    if not hosts:
        return [], []
    with ThreadPoolExecutor(min(32, len(hosts))) as pool:
        answers = list(pool.map(lambda host: _answers(host[0]), hosts))
    there = [host for host, answer in zip(hosts, answers, strict=True) if answer]
    return there, [name for (name, _), answer in zip(hosts, answers, strict=True) if not answer]


def _answers(host: str) -> bool:
    """Whether a command can be run on a host, by the remote shell that mpirun uses."""
    if host in {"localhost", "127.0.0.1", socket.gethostname()}:
        return True
    agent = shlex.split(next((os.environ[name] for name in _AGENTS if os.environ.get(name)), "ssh"))
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"] if Path(agent[0]).name == "ssh" else []
    try:
        done = subprocess.run(
            [*agent, *options, host, "true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
