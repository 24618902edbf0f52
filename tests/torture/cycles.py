"""Trains, saves and goes on again many times in one process: python cycles.py FOLDER. Nothing may pile up."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from dtrain.distributed import world
from dtrain.training.training_checkpoint import TrainingCheckpoint

CYCLES, WARM = 30, 10
GROWTH_MB = 8.0  # of 20 cycles: memory that is never given back is more

folder = Path(sys.argv[1])
x = np.random.default_rng(0).normal(size=(64, 32)).astype(np.float32)


def cycle() -> None:
    """Train, break off, and go on in a new model from what was saved."""
    if world().rank == 0:
        shutil.rmtree(folder, ignore_errors=True)
    world().Barrier()
    for epochs in (1, 2):
        dtrain.utils.set_random_seed(1)
        model = dtrain.Sequential([dtrain.Input((32,)), layers.Dense(512, "relu"), layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        saver = TrainingCheckpoint(folder / "states", every_steps=1)
        model.fit(x, x[:, :1], batch_size=32, epochs=epochs, verbose=0, resume=folder / "states", callbacks=[saver])
    model.evaluate(x, x[:, :1], verbose=0)


def counted() -> dict[str, Any]:
    """What this process holds, besides what waits to be collected."""
    gc.collect()
    maps = Path("/proc/self/maps").read_text().splitlines()
    return {
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "shared segments": sum("memfd:dtrain" in line for line in maps),
        "communicators": _next_communicator(),
    }


def _next_communicator() -> int:
    """The number that MPI gives to the next communicator: it grows with those that are not given back."""
    if world().size == 1:
        return 0
    from mpi4py import MPI

    made = MPI.COMM_WORLD.Dup()
    number = made.py2f()
    made.Free()
    return int(number)


def memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


for _ in range(WARM):
    cycle()
before, before_mb = counted(), memory_mb()
for _ in range(CYCLES - WARM):
    cycle()
after, after_mb = counted(), memory_mb()
grown = [f"{name}: {before[name]}, then {after[name]}" for name in before if after[name] > before[name]]
if after_mb > before_mb + GROWTH_MB:
    grown.append(f"memory: {before_mb:.0f} MB, then {after_mb:.0f} MB")
if grown:
    raise SystemExit(f"rank {world().rank}, after {CYCLES - WARM} cycles: {'; '.join(grown)}")
