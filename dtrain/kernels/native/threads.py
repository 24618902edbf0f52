"""Threads of the compiled kernels: as many as the linear-algebra library has, or this process's share of cores."""

from __future__ import annotations

import os

from dtrain.distributed.cores import share
from dtrain.distributed.launcher import detect
from dtrain.distributed.threads import VARIABLES


def share_of_cores() -> int:
    """The first of `VARIABLES` that is set (they are, under a launcher), else the cores that this process may use."""
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value):
            return int(value)
    return share(detect().local_size)
