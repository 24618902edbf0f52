"""Trains where programs are not plain scripts: python places.py FOLDER PLACE. Numbers are those of a plain script."""

from __future__ import annotations

import asyncio
import hashlib
import io
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

TEST = """
import sys
import pytest
sys.path.insert(0, {here!r})
from places import train

@pytest.mark.parametrize("number", range(4))
def test_trains(number):
    assert train() == {expected!r}
"""
CELLS = [
    "import places",
    "digest = places.train(verbose=1)",
]


def train(verbose: int = 0) -> str:
    """Train a model and return the digest of its weights."""
    import dtrain
    from dtrain import layers

    dtrain.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    model = dtrain.Sequential([dtrain.Input((6,)), layers.Dense(9, "relu"), layers.Dropout(0.2), layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, x[:, :2] ** 2, batch_size=8, epochs=3, verbose=verbose)
    return hashlib.sha256(b"".join(weights.tobytes() for weights in model.get_weights())).hexdigest()


def fork() -> list[str]:
    """Train in a child process of one that has trained, and in the parent meanwhile."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, train().encode())
        finally:
            os._exit(0)
    os.close(writer)
    own = train()
    os.waitpid(child, 0)
    return [own, os.read(reader, 100).decode()]


def pool() -> list[str]:
    """Train in pools of processes, forked and started anew."""
    found = []
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as processes:
            found += processes.starmap(train, [()] * 3)
    return found


def thread() -> list[str]:
    """Train in a thread that is not the main one."""
    found: list[str] = []
    other = threading.Thread(target=lambda: found.append(train()))
    other.start()
    other.join()
    return found


def notebook() -> list[str]:
    """Train in cells: within a loop of asyncio, with an output that is no file, and no file for the program."""
    sys.path.insert(0, str(Path(__file__).parent))
    names: dict[str, str] = {"__name__": "__main__"}
    shown, sys.stdout = sys.stdout, io.StringIO()

    async def run() -> None:
        for cell in CELLS:
            exec(compile(cell, "<cell>", "exec"), names)

    try:
        asyncio.run(run())
    finally:
        shown, sys.stdout = sys.stdout, shown
    return [names["digest"]]


def xdist(folder: Path, expected: str) -> list[str]:
    """Train in the processes of pytest-xdist."""
    test = folder / "test_trains.py"
    test.write_text(TEST.format(here=str(Path(__file__).parent), expected=expected))
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-c", "/dev/null", "--rootdir", str(folder), str(test)]
    done = subprocess.run([*command, "-p", "no:cacheprovider"], capture_output=True, text=True, timeout=60)
    return [expected] if done.returncode == 0 else [done.stdout + done.stderr]


def main(folder: Path, place: str) -> None:
    folder.mkdir(exist_ok=True)
    expected = train()
    ways = {"fork": fork, "pool": pool, "thread": thread, "notebook": notebook}
    found = xdist(folder, expected) if place == "xdist" else ways[place]()
    if set(found) != {expected}:
        raise SystemExit(f"{place}: other numbers: {found}, not {expected}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
