"""Trains on processes of one machine that take themselves for those of several hosts: run by `test_hosts`.

scripts_hosts.py FILE RANKS_PER_HOST
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from dtrain.distributed import exchange, is_main, mpi, world
from dtrain.distributed.synchronizer import Synchronizer

REDUCTIONS = ("auto", "allreduce", "bf16")


def pretend_hosts(ranks_per_host: int) -> None:
    """Let so many ranks each be a host. Call it before MPI is used."""
    begin = mpi.MPICommunicator.__init__

    def divided(self: Any, own: Any) -> None:
        begin(self, own)
        self._node = own.Split(own.Get_rank() // ranks_per_host, own.Get_rank())
        self.local_rank, self.local_size = self._node.Get_rank(), self._node.Get_size()

    mpi.MPICommunicator.__init__ = divided  # type: ignore[method-assign]


def cut_finely() -> None:
    """Let sums of a small model take several buckets, and each of them several messages."""
    Synchronizer.__init__.__defaults__ = (20_000,)
    exchange._MESSAGE_BYTES = 4000


def train(reduction: str, accumulate: int | None) -> Any:
    dtrain.utils.set_random_seed(3)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(150, 40)).astype(np.float32), random.integers(0, 10, 150)
    dense = [layers.Dense(80, "tanh") for _ in range(3)]
    model = dtrain.Sequential([dtrain.Input((40,)), *dense, layers.BatchNormalization(), layers.Dense(10, "softmax")])
    optimizer = dtrain.optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=accumulate)
    model.compile(optimizer, "sparse_categorical_crossentropy", reduction=reduction)
    model.fit(x, y, batch_size=40, epochs=2, verbose=0)
    return model


def main(path: str, ranks_per_host: str) -> None:
    pretend_hosts(int(ranks_per_host))
    cut_finely()
    found: dict[str, Any] = {}
    for reduction in REDUCTIONS:
        for accumulate in (None, 2):
            model = train(reduction, accumulate)
            weights = np.concatenate([w.ravel() for w in model.get_weights()])
            digests = world().allgather(hashlib.sha256(weights.tobytes()).hexdigest())
            assert len(set(digests)) == 1, digests
            key = f"{reduction} {accumulate or 1}"
            found[key] = weights
            found[f"way {key}"] = model._get_session().reduction.name
    if is_main():
        np.savez(path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
