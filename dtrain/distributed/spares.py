"""Spares: the last ranks of an elastic job, which have no rows until a rank that has some is lost."""

from __future__ import annotations

import os

from dtrain.distributed.errors import LaunchError
from dtrain.distributed.launcher import Launch

VARIABLE = "DTRAIN_WORKERS"


def wanted_workers() -> int | None:
    """Return how many ranks are to have rows at most: `$DTRAIN_WORKERS`; None: all.

    Raises:
        ValueError: the variable is no whole number >= 1.
    """
    return positive(VARIABLE)


def positive(variable: str) -> int | None:
    """Return the number of processes that an environment variable names; None if it is not set.

    Raises:
        ValueError: it is no whole number >= 1.
    """
    text = os.environ.get(variable)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ValueError(f"{variable} must be a number of processes. Received: {variable}={text}")
    return int(text)


def spares_of_host(launch: Launch) -> int:
    """Return how many processes of this host will never work at the same time as all others of it.

    0 in a job on several hosts: there, all processes of one may come to have rows when those of another are lost.

    Raises:
        ValueError: DTRAIN_WORKERS is no number of processes.
    """
    workers = wanted_workers()
    if workers is None or launch.local_size != launch.size:
        return 0
    return max(0, launch.size - workers)


def refuse_spares() -> None:
    """Refuse spares in a job that ends with its first lost rank.

    Raises:
        LaunchError: DTRAIN_WORKERS is set.
    """
    if VARIABLE in os.environ:
        raise LaunchError(
            f"{VARIABLE}={os.environ[VARIABLE]} keeps the ranks beyond as spares, and only an elastic job goes on with "
            "them when a rank is lost. Start the job by dtrain launch --elastic --replace K, or unset the variable."
        )
