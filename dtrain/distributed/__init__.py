"""Processes that train together: how they were started, how they sum arrays, how they fail.

Knows arrays and slices, never layers. Importing this package loads neither NumPy nor MPI: `prepare` must run before
NumPy is loaded.
"""

from dtrain.distributed.console import is_main, say
from dtrain.distributed.errors import DesyncError, LaunchError
from dtrain.distributed.job import launch, prepare, world
from dtrain.distributed.launcher import Launch, detect
from dtrain.distributed.threads import ThreadPlan

__all__ = [
    "DesyncError",
    "Launch",
    "LaunchError",
    "ThreadPlan",
    "detect",
    "is_main",
    "launch",
    "prepare",
    "say",
    "world",
]
