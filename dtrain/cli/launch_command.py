"""The command line and the variables by which an mpirun starts N ranks, and why each variable is set."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dtrain.cli.errors import UserError
from dtrain.cli.hosts import Hosts
from dtrain.cli.matching_mpirun import Mpirun
from dtrain.cli.mpirun import INTEL, OPEN_MPI, is_root
from dtrain.distributed.cores import divide
from dtrain.distributed.threads import VARIABLES

_PASSED = re.compile(rf"DTRAIN_\w+|PYTHONPATH|LD_LIBRARY_PATH|{'|'.join(VARIABLES)}")


@dataclass
class LaunchCommand:
    """What is to be run: the words of the command, and the variables to set, each with its reason."""

    words: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: str, reason: str, environment: Mapping[str, str]) -> None:
        """Set a variable, unless the user has."""
        if name not in environment:
            self.variables[name], self.reasons[name] = value, reason

    def shown(self) -> str:
        """The command as it can be typed into a shell."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return " ".join([*settings, shlex.join(self.words)])


def parse_hosts(text: str) -> Hosts:
    """Return host names with their numbers of ranks: `"a:2,b"` gives a two and b one.

    Raises:
        UserError: a host has no name, or its number is none.
    """
    hosts: Hosts = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([^\s:]+)(?::(\d+))?\s*", part)
        if match is None or match[2] in {"0", "00"}:
            raise UserError(f"--hosts: expected HOST:RANKS,HOST:RANKS,... Received: {part.strip()!r} in {text!r}")
        hosts.append((match[1], int(match[2] or 1)))
    return hosts


def program_words(program: Sequence[str]) -> list[str]:
    """Return the command of one rank: a `.py` file (or `-m MODULE`) is run by this Python, all else as it is.

    Raises:
        UserError: there is no such file or command.
    """
    first = program[0]
    if first == "-m" and len(program) > 1:
        return [sys.executable, *program]
    if first.endswith(".py"):
        if not Path(first).is_file():
            raise UserError(f"no script {first} in {os.getcwd()}")
        return [sys.executable, *program]
    beside = shutil.which(first, path=str(Path(sys.executable).parent)) or shutil.which(first)
    if beside is None:
        raise UserError(f"{first} is neither a .py file nor a command. Expected: dtrain launch -n N script.py ...")
    return [beside, *program[1:]]


def make_command(
    mpirun: Mpirun,
    ranks: int,
    hosts: Hosts,
    program: Sequence[str],
    cores: int,
    usable: int,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    spares: int = 0,
) -> LaunchCommand:
    """Return the command that starts `ranks` ranks of `program`.

    Args:
        mpirun: by which to start.
        ranks: their number.
        hosts: where to; this machine alone if empty.
        program: the command of one rank.
        cores: physical cores of this machine, which Open MPI takes as the places for ranks.
        usable: cores that the ranks may use, hardware threads counted.
        options: further ones for mpirun.
        environment: that of this process.
        spares: how many of the ranks have no rows as long as none of the others is lost.

    Raises:
        UserError: Intel MPI and hosts with different numbers of ranks.
    """
    env = os.environ if environment is None else environment
    command = LaunchCommand([])
    places = sum(count for _, count in hosts) or cores
    if mpirun.family == OPEN_MPI:
        _open_mpi_variables(command, mpirun, ranks, places, env)
        if hosts and not _is_old(mpirun):
            _find_lost_hosts(command, env)
    if not hosts and not any(env.get(name) for name in VARIABLES):
        less = f", less {spares} for spares, divided by {ranks - spares}" if spares else f" divided by {ranks}"
        for name in VARIABLES:
            command.put(name, str(divide(usable, ranks, spares)), f"{usable} usable cores{less} (ranks)", env)
    passed = sorted(name for name in {**env, **command.variables} if _PASSED.fullmatch(name)) if hosts else []
    command.words = [mpirun.path, *_host_options(mpirun, hosts, passed), *options, "-n", str(ranks), *program]
    return command


def _open_mpi_variables(
    command: LaunchCommand, mpirun: Mpirun, ranks: int, places: int, env: Mapping[str, str]
) -> None:
    if is_root():
        for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
            command.put(name, "1", "Open MPI refuses to run as root, and this is root", env)
    old = _is_old(mpirun)
    unbound = "OMPI_MCA_hwloc_base_binding_policy" if old else "PRTE_MCA_hwloc_default_binding_policy"
    command.put(unbound, "none", "Open MPI would tie each rank to one core, and its BLAS threads with it", env)
    if ranks > places:
        reason = f"{ranks} ranks in {places} places (cores), which Open MPI refuses unless told"
        if old:
            command.put("OMPI_MCA_rmaps_base_oversubscribe", "1", reason, env)
        else:
            command.put("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe", reason, env)


def _is_old(mpirun: Mpirun) -> bool:
    """Whether an Open MPI is of version 4 or before, whose variables have other names."""
    return "Open MPI) 4." in mpirun.text or "OpenRTE" in mpirun.text


def _find_lost_hosts(command: LaunchCommand, env: Mapping[str, str]) -> None:
    """Let Open MPI's daemons ask one another whether they live: a host without power does not close connections."""
    reason = "Open MPI then sees after 25 s that a host does not answer any more; by itself, after 8 minutes"
    for name, value in (("time", "10"), ("intvl", "5"), ("probes", "3")):
        command.put(f"PRTE_MCA_oob_tcp_keepalive_{name}", value, reason, env)


def _host_options(mpirun: Mpirun, hosts: Hosts, passed: Sequence[str]) -> list[str]:
    """Name the hosts, and the variables that their ranks need: a remote shell starts them with a fresh environment."""
    if not hosts:
        return []
    listed = ",".join(f"{host}:{count}" for host, count in hosts)
    if mpirun.family == OPEN_MPI:
        return ["--host", listed, *(word for name in passed for word in ("-x", name))]
    passing = ["-genvlist", ",".join(passed)] if passed else []
    if mpirun.family != INTEL:
        return ["-hosts", listed, *passing]
    counts = {count for _, count in hosts}
    if len(counts) > 1:
        raise UserError(f"--hosts: Intel MPI takes one number of ranks for all hosts. Received: {listed}")
    return ["-hosts", ",".join(host for host, _ in hosts), "-ppn", str(counts.pop()), *passing]
