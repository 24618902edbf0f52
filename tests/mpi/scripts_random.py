"""Trains the cases that it finds in a folder, one after the other, until it is told to stop: see the test."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from dtrain.distributed import is_main, prepare, world

prepare()

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from tests.mpi.random_cases import RandomCase, train  # noqa: E402


def read(path: Path) -> Any:
    """The next case, once it is there; None: no more."""
    while not path.exists():
        time.sleep(0.002)
    return json.loads(path.read_text())


def answer(path: Path, found: dict[str, Any]) -> None:
    with path.with_suffix(".part").open("wb") as file:
        np.savez(file, **found)
    os.replace(path.with_suffix(".part"), path)


def main(folder: Path) -> None:
    number = 0
    while (given := world().bcast(read(folder / f"{number}.json") if is_main() else None)) is not None:
        dtrain.config.set_floatx("float64")
        try:
            found = train(RandomCase(**given))
        except Exception:
            found = {"error": np.array(traceback.format_exc())}
        everyone = world().allgather({name: value.tobytes() for name, value in found.items()})
        if everyone.count(everyone[0]) != len(everyone):
            found["error"] = np.array("the ranks hold different bits")
        if is_main():
            answer(folder / f"{number}.npz", found)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
