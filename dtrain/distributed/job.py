"""The communicator of this process: serial, or MPI's when a launcher started several processes."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from dtrain.distributed import hooks, spares, start
from dtrain.distributed.launcher import Launch, detect
from dtrain.distributed.threads import ThreadPlan, apply

if TYPE_CHECKING:
    from dtrain.distributed.communicator import Communicator


@cache
def launch() -> Launch:
    """Return how this process was started, found out once."""
    return detect()


@cache
def prepare() -> ThreadPlan:
    """Do what must come before NumPy is loaded and before anything can fail; nothing in a process that runs alone."""
    if launch().parallel:
        hooks.install(launch())
        start.stay_at_end(launch(), hooks.end_job)
    if "DTRAIN_FAULT" in os.environ:
        from dtrain.timeline import faults

        faults.install(launch().rank)
    return apply(launch())


@cache
def world() -> Communicator:
    """Return the communicator of all processes of the job. The first call under a launcher initializes MPI.

    Raises:
        LaunchError: see `dtrain.distributed.mpi.connect`; or DTRAIN_WORKERS is set in a job that is not elastic.
    """
    if not launch().parallel:
        from dtrain.distributed.serial import SerialCommunicator

        return SerialCommunicator()
    hooks.install(launch())
    if os.environ.get("DTRAIN_ELASTIC", "0") != "0":
        from dtrain.distributed import elastic

        with start.starting():
            return elastic.connect(launch())
    spares.refuse_spares()
    from dtrain.distributed.mpi import connect

    with start.starting():
        communicator, channel = connect(launch())
    hooks.attach(channel)
    if communicator.size > 1:
        from dtrain.distributed import placement, watching

        watching.begin(communicator)
        placement.gather(communicator)
    return communicator
