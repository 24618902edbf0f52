"""A rank whose launcher is gone ends: its job cannot go on, and nobody is left to end it.

Ranks of which mpirun is killed may wait in MPI for ever, each on a busy core: seen with Open MPI 5 and MPICH 4.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_launcher = os.getppid()


def remember_launcher() -> None:
    """Take the present parent of this process, which must be alive, for its launcher."""
    global _launcher
    _launcher = os.getppid()


def end_if_launcher_is_gone(rank: int) -> None:
    """End this process, whatever its threads do, if it has another parent than at first."""
    if os.getppid() == _launcher:
        return
    with suppress(OSError, ValueError):  # who read it may be gone as well
        sys.stderr.write(
            f"dtrain: rank {rank} ends, since the process that has started it (pid {_launcher}) is gone.\n"
        )
        sys.stderr.flush()
    os._exit(1)
