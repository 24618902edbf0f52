"""Trains small models in every way that gradients can be added and weights updated: see the test."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dtrain.distributed import prepare, world

prepare()

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from dtrain import layers, optimizers  # noqa: E402

numbers = np.random.default_rng(2)
ROWS, BATCH, EPOCHS = 18, 5, 2  # ragged batches; rounds of 3 steps cross the end of an epoch
IMAGES = numbers.normal(size=(ROWS, 6, 6, 1)).astype(np.float32)
TARGETS = numbers.normal(size=(ROWS, 3)).astype(np.float32)

WAYS = {
    "allreduce": ("allreduce", None),
    "shared": ("shared", None),
    "overlapped": ("shared", lambda rank: rank % 2),  # between two hosts, sums go on during the backward pass
    "hosts": ("shared", lambda rank: int(rank > 0)),  # of one rank and of all others
}
"""How gradients are added: `reduction` of `compile`, and the host that a rank is said to be on (None: the true one)."""

OPTIMIZERS: dict[str, Callable[[int | None], Any]] = {
    "sharded": lambda steps: optimizers.Adam(0.01, epsilon=0.01, gradient_accumulation_steps=steps),
    "whole": lambda steps: optimizers.Adam(0.01, epsilon=0.01, global_clipnorm=0.5, gradient_accumulation_steps=steps),
}


def normalized() -> Any:
    entry = dtrain.Input((6, 6, 1))
    h = layers.Dense(9, activation="tanh")(layers.Flatten()(entry))
    h = layers.Dropout(0.2)(layers.BatchNormalization()(h))
    return dtrain.Model(entry, layers.Dense(3, kernel_regularizer="l2")(h))


def convolutional() -> Any:
    entry = dtrain.Input((6, 6, 1))
    h = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", padding="same")(entry))
    return dtrain.Model(entry, layers.Dense(3)(layers.Flatten()(h)))


MODELS = {"normalized": normalized, "convolutional": convolutional}
CASES = list(itertools.product(MODELS, OPTIMIZERS, (None, 3), (False, True)))


def pretend(host_of: Callable[[int], int] | None) -> None:
    """Let the ranks be on hosts that this function names; all ranks call it."""
    communicator: Any = world()
    if communicator.size == 1:
        return
    for cached in ("node", "peers"):
        vars(communicator).pop(cached, None)
    color = 0 if host_of is None else host_of(communicator.rank)
    communicator._node = communicator._comm.Split(color, communicator.rank)
    communicator.local_rank, communicator.local_size = communicator._node.rank, communicator._node.size


def train(name: str, kind: str, steps: int | None, reproducible: bool, reduction: str) -> np.ndarray[Any, Any]:
    """All numbers that come of a training, in one vector."""
    dtrain.utils.set_random_seed(4)
    model = MODELS[name]()
    model.compile(OPTIMIZERS[kind](steps), "mse", metrics=["mae"], reduction=reduction)
    history = model.fit(IMAGES, TARGETS, batch_size=BATCH, epochs=EPOCHS, verbose=0, reproducible=reproducible)
    optimizer = model.optimizer
    slots = [optimizer.slot(slot, v) for slot in optimizer.slot_names for v in optimizer.trained_variables]
    arrays = [*model.get_weights(), *slots, *map(np.array, history.history.values())]
    return np.concatenate([array.ravel().astype(np.float64) for array in arrays])


def main(folder: Path) -> None:
    ways = WAYS if world().size > 1 else {"alone": ("auto", None)}
    found = {}
    for way, (reduction, host_of) in ways.items():
        pretend(host_of)
        for case in CASES:
            found["|".join(map(str, (*case, way)))] = train(*case, reduction)
    everyone = world().allgather({name: values.tobytes() for name, values in found.items()})
    different = [name for name in found if len({own[name] for own in everyone}) > 1]
    if different:
        raise SystemExit(f"The ranks hold different bits after {different}")
    if world().rank == 0:
        np.savez(folder / f"{world().size}.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
