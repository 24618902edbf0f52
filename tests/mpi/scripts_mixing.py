"""Trains the models of `mixing_models` in both modes and writes what came of it: run by `test_mixing`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import dtrain
from dtrain.distributed import world
from tests.mpi.mixing_models import MODELS, Trained


def arrays(trained: Trained) -> dict[str, np.ndarray]:
    model, history, outputs = trained
    found = {f"history {name}": np.array(values) for name, values in history.items()}
    found.update((f"weight {k}", array) for k, array in enumerate(model.get_weights()))
    found.update((f"output {k}", array) for k, array in enumerate(outputs))
    return found


def main(folder: Path) -> None:
    results: dict[str, np.ndarray] = {}
    for mode, arguments in {"plain": {}, "reproducible": {"reproducible": True}}.items():
        for make in MODELS:
            dtrain.utils.set_random_seed(5)
            found = arrays(make(**arguments))
            results.update((f"{mode}|{make.__name__}|{name}", array) for name, array in found.items())
    np.savez(folder / f"{world().rank}.npz", **results)


main(Path(sys.argv[1]))
