"""The training that is tortured: everything in it has a state, and what it ends with is one digest.

    python program.py FOLDER [options]

Goes on from the newest state in FOLDER/states. Each rank writes FOLDER/result.RANK.json when it is done.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--rows", type=int, default=46)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--model", default="plain")
parser.add_argument("--optimizer", default="adam")
parser.add_argument("--data", default="arrays")
parser.add_argument("--callbacks", default="patient,plateau")
parser.add_argument("--reproducible", action="store_true")
parser.add_argument("--pace", type=float, default=0.0, help="seconds that each step takes at least")
parser.add_argument("--saver", choices=["checkpoint", "backup"], default="checkpoint")
parser.add_argument("--every-steps", type=int, default=2, help="0: at the ends of epochs only")
parser.add_argument("--keep", type=int, nargs=3, default=(3, 0, 0), help="the last, the best, every so many steps")
parser.add_argument("--on-nan", default="raise")
parser.add_argument("--on-error", default="raise")
parser.add_argument("--fail", default="", help="where the odd rank fails")
parser.add_argument("--how", choices=["error", "kill", "segv", "memory"], default="error", help="and how")
parser.add_argument("--differ", default="", help="a statement that the odd rank runs after the others' settings")
parser.add_argument("--odd", type=int, default=1)
parser.add_argument("--hosts", default="", help="the hosts that ranks take themselves for, as 0,0,1")
parser.add_argument("--bucket", type=int, help="bytes of gradients that are added at once")
parser.add_argument("--without", default="", help="a function of the system that fails")
parser.add_argument("--verbose", type=int, default=0)
parser.add_argument("--file-limit", type=int, help="bytes that a file may have, from the first step on")
options = parser.parse_args()
RANK = int(next((os.environ[k] for k in ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID") if k in os.environ), "0"))


def fail(place: str) -> None:
    if options.fail != place or options.odd != RANK:
        return
    if options.how in ("kill", "segv"):
        os.write(2, f"DTRAIN_FAULT: {options.how} at {place} on rank {RANK}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL if options.how == "kill" else signal.SIGSEGV)
    raise MemoryError(f"wanted at {place}") if options.how == "memory" else RuntimeError(f"wanted at {place}")


fail("import")

import hashlib  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from dtrain import layers  # noqa: E402
from dtrain.callbacks import BackupAndRestore, Callback  # noqa: E402
from dtrain.distributed import world  # noqa: E402
from dtrain.graph import Op, apply  # noqa: E402
from dtrain.training.training_checkpoint import TrainingCheckpoint  # noqa: E402
from tests.torture import variants  # noqa: E402

rows, batch, epochs, units, rate, seed, dtype = options.rows, options.batch, options.epochs, 9, 0.02, 8, np.float32
optimizer, swapped, deeper = variants.OPTIMIZERS[options.optimizer], False, False
if options.odd == RANK:
    exec(options.differ)
if options.hosts:
    variants.pretend_hosts([int(host) for host in options.hosts.split(",")])
if options.bucket:
    variants.cut_finely(options.bucket)
if options.without:
    variants.take_away(options.without)
dtrain.utils.set_random_seed(seed)
x, y = variants.made_up(rows, dtype)
steps_begun: list[int] = []


class Same(Op):
    """y = x, and the way back may fail"""

    @staticmethod
    def spec(x: Any) -> dict[str, Any]:
        return {"y": x}

    @staticmethod
    def forward(x: Any, y: Any) -> None:
        np.copyto(y, x)

    @staticmethod
    def dx(dy: Any, dx: Any) -> None:
        fail("backward")
        np.copyto(dx, dy)
        if options.fail.startswith("gradient") and options.odd == RANK and len(steps_begun) == 10:
            dx.flat[0] = eval(options.fail.split()[1])


class Middle(layers.Layer):
    """Changes nothing."""

    def call(self, inputs: Any) -> Any:
        fail("forward")
        return apply(Same, inputs) if options.fail.startswith(("backward", "gradient")) else inputs


class Pace(Callback):
    """Says which step is being made, and takes its time."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        steps_begun.append(batch)
        if options.file_limit and len(steps_begun) == 1:
            _limit_files(options.file_limit)
        (options.folder / f"step.{RANK}").write_text(f"{self.model.optimizer.step_count} {os.getpid()}")
        fail(f"step {self.model.optimizer.step_count}")
        time.sleep(options.pace)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if options.fail == f"drift {self.model.optimizer.step_count}" and options.odd == RANK:
            kernel = self.model.layers[0].kernel
            kernel.array[0, 0] = np.nextafter(kernel.array[0, 0], np.float32(np.inf))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        fail(f"epoch {epoch}")


def _limit_files(most: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def read(wanted: Any) -> None:
    """Keep which rows are read; the data of a step are read ahead of it."""
    if len(steps_begun) > 3:
        fail("loader")
    with open(options.folder / f"rows.{RANK}", "a") as file:
        file.write(f"{' '.join(map(str, wanted))}\n")


def saver() -> Callback:
    if options.saver == "backup":
        return BackupAndRestore(states, options.every_steps or "epoch", double_checkpoint=options.keep[0] > 1)
    last, best, every = options.keep
    return TrainingCheckpoint(
        states, every_steps=options.every_steps or None, on_error=options.on_error,
        keep_last=last, keep_best=best, keep_every=every or None,
    )  # fmt: skip


options.folder.mkdir(exist_ok=True)
states = options.folder / "states"
if options.data == "rows":
    with open(options.folder / f"rows.{RANK}", "a") as file:
        file.write(f"job {os.environ.get('DTRAIN_TORTURE')}\n")
fail("build")
model = variants.MODELS[options.model](units, swapped, Middle())
if deeper:
    model.add(layers.Dense(2))
model.compile(optimizer(rate), "mse", metrics=["mae"])
reproducible = 8 if options.reproducible else False
kept = [variants.CALLBACKS[kind](options.folder) for kind in options.callbacks.split(",") if kind]
history = model.fit(
    **variants.data("rows" if options.fail == "loader" else options.data, x, y, batch, options.folder, read),
    epochs=epochs,
    validation_data=(x[:13], y[:13]),
    verbose=options.verbose,
    reproducible=reproducible,
    on_nan=options.on_nan,
    resume=states if options.saver == "checkpoint" else None,
    callbacks=[*kept, Pace(), saver()],
)
fail("evaluate")
evaluated = model.evaluate(x, y, batch_size=8, verbose=0, reproducible=reproducible)


def digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def of_arrays(variables: Any) -> str:
    return digest(*(np.ascontiguousarray(variable.numpy()).tobytes() for variable in variables))


curves = history.history
found = {
    "weights": of_arrays(model.weights),
    "optimizer": of_arrays(model.optimizer.variables),
    "history": digest(json.dumps([curves, history.epoch], sort_keys=True, default=float).encode()),
    "evaluation": digest(json.dumps(evaluated).encode()),
}
values = np.concatenate([*(weights.ravel() for weights in model.get_weights()), *map(np.ravel, curves.values())])
if (options.folder / variants.BEST).exists() and "best" in options.callbacks:
    model.load_weights(options.folder / variants.BEST)
    found["best"] = of_arrays(model.weights)
result = {
    "digest": " ".join(found.values()), "values": values.tolist(),
    "steps": int(model.optimizer.step_count), "size": world().size,
}  # fmt: skip
(options.folder / f"result.{RANK}.json").write_text(json.dumps(result))
fail("end")
world().Barrier()
sys.stdout.write("[done]\n")
