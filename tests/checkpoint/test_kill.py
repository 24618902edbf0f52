"""A writer that is killed (SIGKILL) leaves a folder from which the run can go on: at every point, and at any time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.checkpoint import CheckpointStore, Rotation, list_checkpoints, newest_good

# The functions of the operating system are replaced in the child, so that the product has no hooks for tests.
WRITER = """
import os, signal, sys
import numpy as np
from dtrain.checkpoint import CheckpointStore, Rotation, TrainingState

folder, point, size, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
real = {name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "unlink")}
syncs = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def open_(path, *rest):
    if ".tmp." in str(path) and point == "before the temporary":
        die()
    descriptor = real["open"](path, *rest)
    if ".tmp." in str(path) and point == "empty temporary":
        die()
    return descriptor

def write(descriptor, data):
    if point == "half written" and len(data) > 512:
        real["write"](descriptor, data[: len(data) // 2])
        die()
    return real["write"](descriptor, data)

def fsync(descriptor):
    global syncs
    syncs += 1
    if (point, syncs) in (("before fsync", 1), ("before the fsync of the folder", 2)):
        die()
    real["fsync"](descriptor)

def replace(*paths):
    if point == "before rename":
        die()
    real["replace"](*paths)
    if point == "after rename":
        die()

def unlink(path, **rest):
    if point == "before prune":
        die()
    real["unlink"](path, **rest)
    if point == "in prune":
        die()

def state(step):
    return TrainingState(weights={"w": np.full(size, step, np.float32)}, step=step, epoch=0, epoch_step=step, seed=0)

with CheckpointStore(folder, Rotation(keep_last=2)) as store:
    for step in range(1, last + 1):
        if step == last:
            os.open, os.write, os.fsync, os.replace, os.unlink = open_, write, fsync, replace, unlink
        store.save(state(step))
        print(step, flush=True)
"""

# At each of these, the step that is found afterwards: 3 was whole before, 4 is being written.
POINTS = {
    "before the temporary": 3,
    "empty temporary": 3,
    "half written": 3,
    "before fsync": 3,
    "before rename": 3,
    "after rename": 4,
    "before the fsync of the folder": 4,
    "before prune": 4,
    "in prune": 4,
}


def start(folder: Path, point: str, size: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), point, str(size), str(last)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def check_whole_and_usable(folder: Path, make_state: Any) -> int:
    """Return the step that is found, after a new writer has cleaned up and saved the next one."""
    _, state = newest_good(folder)
    np.testing.assert_array_equal(state.weights["w"], np.full_like(state.weights["w"], state.step))
    with CheckpointStore(folder, Rotation(keep_last=2)) as store:
        assert [path.name for path in folder.iterdir() if ".tmp." in path.name] == []
        store.save(make_state(state.step + 1))
    assert [newest_good(folder)[1].step, len(list_checkpoints(folder))] == [state.step + 1, 2]
    assert not (folder / ".lock").exists()
    return state.step


@pytest.mark.parametrize(("point", "expected"), POINTS.items())
def test_a_writer_killed_at_a_named_point_leaves_the_newest_whole_step(
    tmp_path: Path, make_state: Any, point: str, expected: int
) -> None:
    process = start(tmp_path, point, 1000, last=4)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert output == "1\n2\n3\n"
    assert check_whole_and_usable(tmp_path, make_state) == expected


def test_a_writer_killed_at_any_time_loses_no_step_that_was_reported(tmp_path: Path, make_state: Any) -> None:
    rng = random.Random(6)
    for attempt in range(8):
        folder = tmp_path / str(attempt)
        with start(folder, "never", 50_000, last=10**9) as process:
            assert process.stdout is not None
            for _ in range(3):
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
            reported = [3, *map(int, process.stdout.read().split("\n")[:-1])]
        assert check_whole_and_usable(folder, make_state) >= reported[-1]
