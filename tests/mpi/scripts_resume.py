"""Trains the run of `tests.training.runs`; may kill one of its processes: run by `test_resume`.

Arguments: kind of run, file for the results, folder of states ("-" for none), steps between states, and the rank that
kills itself after so many steps ("-" for nobody).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain.distributed import world
from tests.training.runs import train


class Kill(dtrain.callbacks.Callback):
    def __init__(self, rank: int, steps: int) -> None:
        super().__init__()
        self.rank, self.steps = rank, steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if world().rank == self.rank and self.model.optimizer.step_count == self.steps:
            # Files are written in the background: there shall be one to go on from.
            while not list(Path(folder).glob("step-*.h5")):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)


kind, out, folder, every, rank, steps = sys.argv[1:]
extra = [] if rank == "-" else [Kill(int(rank), int(steps))]
found = train(kind, None if folder == "-" else Path(folder), every_steps=int(every), extra=extra)
if world().rank == 0:
    np.savez(out, **{name.replace("/", "|"): array for name, array in found.items()})
