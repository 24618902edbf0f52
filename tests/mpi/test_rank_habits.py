"""What programs for other systems do on one rank alone: it works, or ends with a message that says what to do."""

from __future__ import annotations

from pathlib import Path

from tests.mpi.launcher import mpirun, needs_mpirun

pytestmark = needs_mpirun

HEAD = """
from mpi4py import MPI
import numpy as np
import dtrain as keras
from dtrain import layers
ranks = MPI.COMM_WORLD
rank = ranks.Get_rank()
keras.utils.set_random_seed(1)
x = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
y = x.sum(axis=1)
def make():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model
"""

WORKING = """
class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training |= batch == 1

model = make()
first = [keras.callbacks.EarlyStopping(monitor="loss", min_delta=100.0, patience=0)] if rank == 0 else []
epochs = len(model.fit(x, y, epochs=9, batch_size=8, verbose=2 if rank == 0 else 0, callbacks=first).epoch)
seen = []
steps = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
last = [Stop()] if rank == ranks.size - 1 else []
model.fit(x, y, epochs=9, batch_size=8, verbose=0, callbacks=[steps, *last])
assert ranks.allgather((epochs, seen)) == [(2, [0, 1])] * ranks.size, (epochs, seen)
if rank == 0:
    model.summary()
    model.save("model.keras")
    model.save_weights("model.weights.h5")
    files = keras.callbacks.ModelCheckpoint("epoch-{epoch}.keras")
ranks.Barrier()
again = keras.models.load_model("model.keras")
model.fit(x, y, epochs=1, verbose=0, callbacks=[files] if rank == 0 else [])
weights = ranks.bcast(model.get_weights() if rank == 0 else None)
again.set_weights(weights)
assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
"""


def test_callbacks_files_and_prints_of_one_rank_and_its_wish_to_stop(tmp_path: Path) -> None:
    result = mpirun(2, HEAD + WORKING + "if rank == 0: model.evaluate(x, y, verbose=0)\n", cwd=tmp_path, timeout_s=90)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-1.keras", "model.keras", "model.weights.h5"]
    assert result.stdout.count("Epoch 1/9") == 1, result
    # Only the last line is at fault: the other rank has come to the end of the program.
    assert result.rc != 0 and not result.timed_out, result
    assert "has ended its program" in result.stderr and "Every rank must call fit, evaluate" in result.stderr, result


def test_a_training_of_one_rank_alone_is_told_and_ended_though_the_others_wait_by_mpi_itself() -> None:
    alone = "if rank == 0:\n    make().fit(x, y, verbose=0)\nranks.Barrier()\nprint('met', flush=True)\n"
    program = f"{HEAD}from dtrain.distributed import start\nstart.PATIENCE_S = 0.5\n{alone}"
    result = mpirun(2, program, env={"DTRAIN_STALL_S": "1", "DTRAIN_STALL_ABORT_S": "3"}, timeout_s=60)
    assert result.rc != 0 and not result.timed_out, result
    assert "rank 0 has waited for 1 s" in result.stderr and "Every rank must call" in result.stderr, result
    assert "The job is ended: that is longer than DTRAIN_STALL_ABORT_S=3" in result.stderr, result
    assert "met" not in result.stdout, "the messages of the job and of the program itself are apart"
