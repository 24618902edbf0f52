"""A program whose ranks do not all make the same calls, or make calls of their own to MPI.

    python calls.py FOLDER NAME

It ends well if the numbers of all ranks are those that they would have been.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from dtrain.callbacks import Callback
from dtrain.distributed import world

folder, name = Path(sys.argv[1]), sys.argv[2]
x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
y = x[:, :2] ** 2


class Between(Callback):
    """What a program does between steps."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if name == "own-sums":
            from mpi4py import MPI

            ranks = MPI.COMM_WORLD
            if ranks.allreduce(1 + ranks.rank) != ranks.size * (ranks.size + 1) // 2:
                raise RuntimeError("an own sum is wrong")
        if name == "one-stops-training" and world().rank == 1 and batch == 2:
            self.model.stop_training = True


def fit(between: Callback | None = None) -> Any:
    dtrain.utils.set_random_seed(1)
    model = dtrain.Sequential([dtrain.Input((6,)), layers.Dense(9, "relu"), layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[between] if between else [])
    return model


def digest(model: Any) -> str:
    return hashlib.sha256(b"".join(weights.tobytes() for weights in model.get_weights())).hexdigest()


folder.mkdir(exist_ok=True)
model = fit(Between())
odd = world().rank == 1
sys.stderr.write(f"DTRAIN_FAULT: {name} from here on\n" if odd else "")
if name == "one-evaluates":
    if odd:
        model.evaluate(x, y, verbose=0)
    model.fit(x, y, batch_size=8, verbose=0)
elif name == "one-ends":
    if odd:
        sys.exit()
elif name == "one-exchanges":
    if not odd:
        model.fit(x, y, batch_size=8, verbose=0)
elif name == "swapped-calls":
    for call in [model.evaluate, model.fit][:: -1 if odd else 1]:
        call(x, y, batch_size=8, verbose=0)
elif name == "one-saves" and odd:
    model.save_weights(folder / "own.weights.h5")
if len({*world().allgather(digest(model)), digest(fit())}) > 1:
    raise SystemExit("The numbers are others than without such calls")
