"""Several processes that read their rows from one file train as one process does on arrays in memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.mpi.launcher import mpirun, needs_mpirun

pytestmark = needs_mpirun

SCRIPT = """
import sys
from dtrain.distributed import prepare, world
prepare()
import numpy as np
import dtrain
from dtrain import layers
from dtrain.datasets import HDF5Data
x, y = np.load("x.npy"), np.load("y.npy")
def train(*data):
    dtrain.utils.set_random_seed(1)
    model = dtrain.Sequential([dtrain.Input((4,)), layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(3)])
    model.compile("adam", "mse")
    history = model.fit(*data, batch_size=8, epochs=2, verbose=0).history["loss"]
    return [np.array(history), model.predict(data[0], verbose=0), *model.get_weights()]
rank = world().rank
data = HDF5Data("rows.h5")
for found, expected in zip(train(data), train(x, y), strict=True):
    assert np.array_equal(found, expected), (found, expected)
sys.stdout.write("[same]")
other = HDF5Data("rows.h5", start=rank % 2, stop=20 + rank % 2)  # as many rows, but others
train(other)
"""


@pytest.mark.parametrize("n", [2, 3])
def test_rows_of_a_file_are_divided_as_those_of_arrays(tmp_path: Path, n: int) -> None:
    numbers = np.random.default_rng(0)
    x, y = numbers.normal(size=(29, 4)).astype(np.float32), numbers.normal(size=(29, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = x
        file.create_dataset("y", data=y, chunks=(3, 3))
    done = mpirun(n, SCRIPT, cwd=tmp_path)
    assert done.stdout.count("[same]") == n, str(done)
    assert done.rc != 0 and "DesyncError" in done.stderr and "content of the training data" in done.stderr, str(done)
