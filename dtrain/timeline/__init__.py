"""What a process is doing, told to those who watch: nothing here imports the rest of dtrain."""

from dtrain.timeline.phases import (
    CALLBACKS,
    CHECKPOINT,
    COMPUTE,
    DATA,
    METRICS,
    REDUCE,
    UPDATE,
    VALIDATION,
    WAIT,
    WRITE,
    Phase,
    Watcher,
    begin_step,
    each_within,
    unwatch,
    watch,
)

__all__ = [
    "CALLBACKS",
    "CHECKPOINT",
    "COMPUTE",
    "DATA",
    "METRICS",
    "REDUCE",
    "UPDATE",
    "VALIDATION",
    "WAIT",
    "WRITE",
    "Phase",
    "Watcher",
    "begin_step",
    "each_within",
    "unwatch",
    "watch",
]
