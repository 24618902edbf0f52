"""Files under MPI: the same script saves and reads on every rank."""

from pathlib import Path

import pytest

from tests.mpi.launcher import mpirun, needs_mpirun

pytestmark = needs_mpirun

CODE = """
import sys
import numpy as np
import dtrain
from dtrain.distributed import world

model = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(3), dtrain.layers.Dense(1)])
model.compile("adam", "mse")
x = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
model.fit(x, x[:, :1], batch_size=4, verbose=0)
for name in ("m.keras", "m.h5"):
    model.save(r"{folder}/" + name)
    loaded = dtrain.models.load_model(r"{folder}/" + name)
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0)), name
model.save_weights(r"{folder}/m.weights.h5")
model.load_weights(r"{folder}/m.weights.h5")
model.save(r"{folder}/once.keras", overwrite=False)
model.save(r"{folder}/folder")
sys.stdout.write(f"[{{world().rank}} done]")
"""


@pytest.mark.parametrize("size", [2, 3])
def test_every_rank_reads_what_all_have_written(size: int, tmp_path: Path) -> None:
    result = mpirun(size, CODE.format(folder=tmp_path))
    assert result.stdout.count("done]") == size, result
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder", "m.h5", "m.keras", "m.weights.h5", "once.keras",
    ]  # fmt: skip
