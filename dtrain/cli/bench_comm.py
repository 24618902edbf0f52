"""What `dtrain bench comm` does: start processes, measure, predict, and show it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtrain.cli.config import Config

if TYPE_CHECKING:
    from dtrain.cli.bench_work import Measured
    from dtrain.distributed.cost_model import Machine, Work
    from dtrain.distributed.probe import Probe

COUNTS = [1 << k for k in range(13)]
LATENCY_S, GBIT = 20e-6, 10.0  # of a network that nobody has measured: TCP over 10 Gbit/s Ethernet
_PROGRAM = "from dtrain.cli.main import main; main()"


@dataclass(frozen=True)
class Settings:
    """The options of the command; `rows` are those of a step on one rank."""

    config: Config | None
    rows: int
    parameters: int | None
    step_ms: float | None
    ranks_per_host: int | None
    network_latency_us: float | None
    network_gbit: float | None
    ranks: int | None
    alone: str | None


# -- one process: starts the others ------------------------------------------------------------------------------------


def start(settings: Settings) -> int:
    """Measure one process, then start several that do the rest; returns their exit status."""
    from dtrain.cli.launch_command import make_command
    from dtrain.cli.matching_mpirun import loaded_library, matching_mpirun
    from dtrain.cli.mpirun import physical_cores
    from dtrain.distributed.cores import share

    cores = physical_cores()
    ranks = settings.ranks or min(8, max(2, cores))
    mpirun = matching_mpirun(loaded_library())
    extra = [] if settings.alone or settings.config is None else ["--alone", _measured_alone(settings, ranks)]
    program = [sys.executable, "-c", _PROGRAM, *sys.argv[1:], *extra]
    made = make_command(mpirun, ranks, [], program, cores, share(1))
    return subprocess.run(made.words, env={**os.environ, **made.variables}, check=False).returncode


def _measured_alone(settings: Settings, ranks: int) -> str:
    """Measure steps on one process, with as many threads as each of several will have."""
    import msgspec
    from threadpoolctl import threadpool_limits

    from dtrain.cli.bench_work import measure_work
    from dtrain.distributed.cores import share

    if settings.config is None:
        raise ValueError("no configuration to measure")
    import numpy as np  # noqa: F401 (its libraries must be loaded to be limited)

    with threadpool_limits(max(1, share(1) // ranks)):
        return msgspec.json.encode(measure_work(settings.config, settings.rows)).decode()


# -- several processes: measure and predict ----------------------------------------------------------------------------


def report(settings: Settings) -> None:
    """Measure on all ranks of this job; rank 0 prints what follows from it."""
    from dtrain.cli.bench_tables import show_machine, show_predictions
    from dtrain.distributed import is_main, world
    from dtrain.distributed.probe import probe

    ranks = world()
    found = probe(ranks)
    machine = _machine(settings, found)
    measured, single = _work(settings)
    if is_main():
        show_machine(found, machine, ranks.name, assumed=found.network is None)
        if measured is not None and single is not None:
            show_predictions(machine, measured, single, settings.rows, found.ranks)


def _machine(settings: Settings, found: Probe) -> Machine:
    from dtrain.cli.mpirun import physical_cores
    from dtrain.distributed.cost_model import Machine

    default = found.ranks // found.hosts if found.hosts > 1 else max(physical_cores(), found.ranks)
    latency, per_byte = found.network_latency_s, found.network_s_per_byte
    if settings.network_latency_us is not None or latency is None:
        given = settings.network_latency_us
        latency = LATENCY_S if given is None else given * 1e-6
    if settings.network_gbit is not None or per_byte is None:
        per_byte = 8 / ((settings.network_gbit or GBIT) * 1e9)
    return Machine(
        settings.ranks_per_host or default,
        found.node_latency_s,
        found.shared_s_per_byte,
        latency,
        per_byte,
        found.add_s_per_byte,
    )


def _work(settings: Settings) -> tuple[Measured | None, Work | None]:
    """What a step costs with all ranks at work, and on one that is alone."""
    import msgspec

    from dtrain.cli.bench_work import Measured, measure_work
    from dtrain.distributed.cost_model import Work

    if settings.config is not None:
        measured = measure_work(settings.config, settings.rows)
        alone = msgspec.json.decode(settings.alone, type=Measured).work if settings.alone else measured.work
        return measured, alone
    if settings.parameters is None or settings.step_ms is None:
        return None, None
    work = Work(settings.parameters, 0.0, settings.step_ms * 1e-3 / settings.rows, 0.0)
    return Measured(work, settings.rows, 0.0), work
