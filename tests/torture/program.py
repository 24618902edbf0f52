"""The training that is tortured: everything in it has a state, and what it ends with is one digest.

    python program.py FOLDER [options]

Goes on from the newest state in FOLDER/states. Each rank writes FOLDER/result.RANK.json when it is done.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--reproducible", action="store_true")
parser.add_argument("--pace", type=float, default=0.0, help="seconds that each step takes at least")
parser.add_argument("--every-steps", type=int, default=2)
parser.add_argument("--on-nan", default="raise")
parser.add_argument("--on-error", default="raise")
parser.add_argument("--fail", default="", help="where an error is raised on the odd rank")
parser.add_argument("--differ", default="", help="a statement that the odd rank runs after the others' settings")
parser.add_argument("--odd", type=int, default=1)
options = parser.parse_args()
RANK = int(next((os.environ[k] for k in ("OMPI_COMM_WORLD_RANK", "PMI_RANK") if k in os.environ), "0"))


def fail(place: str) -> None:
    if options.fail == place and options.odd == RANK:
        raise RuntimeError(f"wanted at {place}")


fail("import")

import hashlib  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from dtrain import layers  # noqa: E402
from dtrain.callbacks import Callback, EarlyStopping, ReduceLROnPlateau  # noqa: E402
from dtrain.distributed import world  # noqa: E402
from dtrain.training.training_checkpoint import TrainingCheckpoint  # noqa: E402

rows, units, rate, seed, batch, optimizer = 46, 9, 0.02, 8, 8, dtrain.optimizers.Adam
if options.odd == RANK:
    exec(options.differ)
dtrain.utils.set_random_seed(seed)
numbers = np.random.default_rng(3)
x = numbers.normal(size=(rows, 6)).astype(np.float32)
y = (x[:, :2] ** 2 + 0.3 * numbers.normal(size=(rows, 2))).astype(np.float32)


class Failing(layers.Layer):
    def call(self, inputs: Any) -> Any:
        fail("forward")
        return inputs


class Rows:
    """The data, read row by row in a thread of its own."""

    def __len__(self) -> int:
        return rows

    def read_rows(self, wanted: Any) -> Any:
        if len(steps_begun) > 3:
            fail("loader")
        return x[wanted], y[wanted], None


class Pace(Callback):
    """Says which step is being made, and takes its time."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        steps_begun.append(batch)
        (options.folder / f"step.{RANK}").write_text(f"{self.model.optimizer.step_count} {os.getpid()}")
        fail(f"step {self.model.optimizer.step_count}")
        time.sleep(options.pace)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if options.fail == f"drift {self.model.optimizer.step_count}" and options.odd == RANK:
            kernel = self.model.layers[0].kernel
            kernel.array[0, 0] = np.nextafter(kernel.array[0, 0], np.float32(np.inf))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        fail(f"epoch {epoch}")


steps_begun: list[int] = []
options.folder.mkdir(exist_ok=True)
fail("build")
model = dtrain.Sequential(
    [
        dtrain.Input((6,)),
        layers.Dense(units, activation="relu", kernel_regularizer="l2", name="hidden"),
        layers.BatchNormalization(),
        layers.Dropout(0.4),
        Failing(),
        layers.Dense(2),
    ]
)
model.compile(optimizer(rate), "mse", metrics=["mae"])
reproducible = 8 if options.reproducible else False
history = model.fit(
    Rows() if options.fail == "loader" else x,
    None if options.fail == "loader" else y,
    batch_size=batch,
    epochs=options.epochs,
    validation_data=(x[:13], y[:13]),
    verbose=0,
    reproducible=reproducible,
    on_nan=options.on_nan,
    resume=options.folder / "states",
    callbacks=[
        EarlyStopping(monitor="val_loss", patience=9),
        ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=0.2),
        Pace(),
        TrainingCheckpoint(options.folder / "states", every_steps=options.every_steps, on_error=options.on_error),
    ],
)
fail("evaluate")
evaluated = model.evaluate(x, y, batch_size=8, verbose=0, reproducible=reproducible)


def digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def of_arrays(variables: Any) -> str:
    return digest(*(np.ascontiguousarray(variable.numpy()).tobytes() for variable in variables))


found = {
    "weights": of_arrays(model.weights),
    "optimizer": of_arrays(model.optimizer.variables),
    "history": digest(json.dumps([history.history, history.epoch], sort_keys=True, default=float).encode()),
    "evaluation": digest(json.dumps(evaluated).encode()),
}
result = {"digest": " ".join(found.values()), "steps": int(model.optimizer.step_count), "size": world().size}
(options.folder / f"result.{RANK}.json").write_text(json.dumps(result))
world().Barrier()
sys.stdout.write("[done]\n")
