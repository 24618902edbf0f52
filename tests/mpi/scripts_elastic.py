"""Trains on however many ranks there are left, and prints what came of it. Arguments: settings as NAME=VALUE."""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np

import dtrain
from dtrain import layers
from dtrain.distributed import world
from tests.mpi.scripts_hosts import pretend_hosts


class Batches(dtrain.utils.PyDataset):
    """Global batches of 40 rows."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.x, self.y = x, y

    def __len__(self) -> int:
        return -(-len(self.x) // 40)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(40 * index, 40 * (index + 1))
        return self.x[rows], self.y[rows]


class Rows:
    """Rows that are read one by one, and how many this process has read."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y
        self.read = 0

    def __len__(self) -> int:
        return len(self.x)

    def read_rows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, None]:
        self.read += len(rows)
        return self.x[rows], self.y[rows], None


class OwnStep(dtrain.Model):
    """A model that has written its train step anew."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(12, activation="relu")
        self.out = layers.Dense(4, activation="softmax")

    def call(self, x: object, training: bool = False) -> object:
        return self.out(self.hidden(x))

    def train_step(self, data: object) -> dict[str, object]:
        return dict(super().train_step(data))


def make_model(kind: str) -> dtrain.Model:
    if kind == "own":
        return OwnStep()
    return dtrain.Sequential(
        [
            layers.Input((12,)),
            layers.Dense(17, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )


def main(settings: dict[str, str]) -> None:
    if "ranks_per_host" in settings:
        pretend_hosts(int(settings["ranks_per_host"]))
    dtrain.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(230, 12)).astype("float32"), rng.integers(0, 4, 230)
    model = make_model(settings.get("model", "plain"))
    steps = int(settings.get("accumulate", "0")) or None
    optimizer = dtrain.optimizers.Adam(0.01, gradient_accumulation_steps=steps)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = []
    if "save" in settings:
        callbacks.append(dtrain.callbacks.TrainingCheckpoint(settings["save"], every_steps=2))
    rows = Rows(x[:200], y[:200])
    batches = rows if settings.get("batches") == "rows" else Batches(x[:200], y[:200])
    train = (batches,) if "batches" in settings else (x[:200], y[:200])
    history = model.fit(
        *train,
        batch_size=None if settings.get("batches") == "1" else 40,
        epochs=3,
        validation_data=(x[200:], y[200:]),
        validation_batch_size=13,
        verbose=0,
        callbacks=callbacks,
        reproducible="reproducible" in settings,
        resume=settings.get("resume"),
    )
    weights = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    outcome = {
        "digest": hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest(),
        "history": history.history,
        "outputs": np.asarray(model.predict(x[:9], verbose=0)).tolist(),
    }
    equal = len(set(world().allgather(json.dumps(outcome)))) == 1
    read = world().allgather(rows.read)
    if world().rank == 0:
        print(json.dumps({**outcome, "equal": equal, "left": world().size, "workers": world().workers, "read": read}))


main(dict(argument.partition("=")[::2] for argument in sys.argv[1:]))
