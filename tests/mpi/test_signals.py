"""A signal during training: the state of one step is saved by all processes, and the run can go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dtrain.checkpoint import list_checkpoints, newest_good
from tests.mpi.launcher import find_mpirun, is_open_mpi, needs_mpirun

SCRIPT = """
import os, sys
import numpy as np
import dtrain as keras
from dtrain import layers
from dtrain.distributed import world
from dtrain.training.training_checkpoint import TrainingCheckpoint

keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
x, y = random.random((400, 10), np.float32), random.integers(0, 3, 400)
model = keras.Sequential([keras.Input((10,)), layers.Dense(8, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")

class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        import time
        time.sleep(0.02)
        if self.model.optimizer.step_count == 5:
            open(f"{sys.argv[1]}.pid{world().rank}", "w").write(str(os.getpid()))

saver = TrainingCheckpoint(sys.argv[1], every_epochs=0)
model.fit(x, y, batch_size=40, epochs=100, verbose=0, callbacks=[Slow(), saver])
"""


def start(tmp_path: Path, ranks: int) -> tuple[subprocess.Popen[str], Path]:
    """A training run, and its folder, once step 5 is done on every rank."""
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    folder = tmp_path / "run"
    command = [sys.executable, str(script), str(folder)]
    if ranks > 1:
        command = [find_mpirun(), "-n", str(ranks), *command]
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    environment["PRTE_MCA_rmaps_default_mapping_policy"] = ":oversubscribe"
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )
    limit = time.monotonic() + 60
    while not all(Path(f"{folder}.pid{rank}").exists() for rank in range(ranks)):
        if run.poll() is not None or time.monotonic() > limit:
            os.killpg(run.pid, signal.SIGKILL)
            pytest.fail(f"training did not start: {run.communicate()[0]}")
        time.sleep(0.02)
    return run, folder


def finish(run: subprocess.Popen[str]) -> str:
    try:
        return run.communicate(timeout=30)[0]
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        pytest.fail(f"the run did not end after the signal: {run.communicate()[0]}")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGUSR1, 75), (signal.SIGTERM, 75), (signal.SIGINT, -signal.SIGINT)]
)
def test_one_process_saves_its_state_and_ends(tmp_path: Path, number: signal.Signals, status: int) -> None:
    run, folder = start(tmp_path, 1)
    os.kill(run.pid, number)
    output = finish(run)
    assert run.returncode in (status, 130 if number == signal.SIGINT else status)
    assert f"Stopped by {number.name} after step" in output
    _, state = newest_good(folder)
    assert 5 <= state.step < 1000


@needs_mpirun
def test_a_signal_to_one_rank_ends_all_after_the_same_step(tmp_path: Path) -> None:
    run, folder = start(tmp_path, 2)
    os.kill(int(Path(f"{folder}.pid1").read_text()), signal.SIGUSR1)
    output = finish(run)
    assert run.returncode != 0
    assert output.count("Stopped by SIGUSR1") == 1
    assert len(list_checkpoints(folder)) == 1
    assert newest_good(folder)[1].step >= 5


@needs_mpirun
def test_a_signal_to_the_launcher_reaches_the_ranks(tmp_path: Path) -> None:
    if not is_open_mpi():
        pytest.skip("MPICH's mpiexec takes SIGUSR1 for itself")
    run, folder = start(tmp_path, 2)
    os.kill(run.pid, signal.SIGUSR1)
    output = finish(run)
    assert output.count("Stopped by SIGUSR1") == 1
    assert newest_good(folder)[1].step >= 5
