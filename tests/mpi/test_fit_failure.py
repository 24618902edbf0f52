"""What goes wrong on one process only, or differs between processes, ends training within seconds and is named."""

from __future__ import annotations

import pytest

from tests.mpi.launcher import Run, mpirun, needs_mpirun

pytestmark = needs_mpirun

LIMIT_S = 5.0
RANKS = 3

# What a test puts in: `before` runs before the model is made, `call` trains or uses it.
SCRIPT = """
import sys
import numpy as np
import dtrain
from dtrain import layers
from dtrain.distributed import world

odd = world().rank == 1
rows, units, rate, seed, batch, epochs, loss, kind = 30, 4, 0.1, 1, 10, 3, "mse", dtrain.optimizers.SGD
width, shuffle, callbacks = 3, True, []

class Layer(layers.Layer):
    def call(self, inputs):
        return inputs

{before}
if seed is not None:
    dtrain.utils.set_random_seed(seed)
numbers = np.random.default_rng(0)
x, y = numbers.normal(size=(rows, width)).astype(np.float32), numbers.integers(0, 5, rows)
model = dtrain.Sequential([dtrain.Input((width,)), layers.Dense(units), Layer(), layers.Dense(5, activation="softmax")])
{between}
model.compile(kind(rate), "sparse_categorical_crossentropy" if loss == "mse" else loss, metrics=["accuracy"])
def fit():
    model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=shuffle, callbacks=callbacks, verbose=0)
{call}
sys.stdout.write("[done]")
"""


def train(before: str = "", between: str = "", call: str = "fit()") -> Run:
    code = SCRIPT.replace("{before}", before).replace("{between}", between).replace("{call}", call)
    return mpirun(RANKS, code, timeout_s=40)


@pytest.fixture(scope="module")
def start_s() -> float:
    """How long the script takes when nothing goes wrong."""
    done = train()
    assert done.rc == 0, str(done)
    assert done.stdout.count("[done]") == RANKS, str(done)
    return done.elapsed_s


def check(done: Run, start_s: float, *words: str) -> None:
    assert done.rc != 0, str(done)
    assert not done.timed_out, str(done)
    assert done.elapsed_s < start_s + LIMIT_S, str(done)
    assert done.stderr.count("Traceback") == 1, str(done)
    assert "[done]" not in done.stdout, str(done)
    missing = [word for word in words if word not in done.stderr]
    assert missing == [], str(done)


CALLBACK = """
class Failing(dtrain.callbacks.Callback):
    def {method}(self, number, logs=None):
        if odd and number == 1:
            raise RuntimeError("the disk of this host is gone")
callbacks = [Failing()]
"""
LAYER = """
class Layer(layers.Layer):
    def call(self, inputs):
        if odd:
            raise RuntimeError("no such device")
        return inputs
"""


@pytest.mark.parametrize("method", ["on_train_batch_end", "on_epoch_end"])
def test_a_callback_that_fails_on_one_process_ends_all(start_s: float, method: str) -> None:
    done = train(CALLBACK.replace("{method}", method))
    check(done, start_s, f"rank 1 of {RANKS} failed", "RuntimeError: the disk of this host is gone")


def test_a_layer_that_fails_on_one_process_ends_all(start_s: float) -> None:
    check(train(LAYER), start_s, f"rank 1 of {RANKS} failed", "RuntimeError: no such device")


@pytest.mark.parametrize("call", ["fit()", "model.evaluate(x, y, batch_size=10, verbose=0)"])
def test_bad_labels_that_only_one_process_sees_end_all(start_s: float, call: str) -> None:
    done = train(between="shuffle = False\ny[5] = 77", call=call)  # rows 4 to 6 of a batch of 10 are those of rank 1
    check(done, start_s, f"rank 1 of {RANKS} failed", "77")


def test_bad_numbers_that_only_one_process_sees_end_all(start_s: float) -> None:
    done = train(between="shuffle = False\nx[5] = np.nan")
    check(done, start_s, f"fit: on rank 1 of {RANKS} the loss is nan", "row 5")


def test_processes_that_differ_end_all(start_s: float) -> None:
    done = train("if odd: rate = 0.3")
    check(done, start_s, "Ranks differ", "optimizer learning_rate: rank 1 has '0.3', ranks 0, 2 have '0.1'")


# What is other on rank 1 only, and what the error on every rank must say of it.
DIFFERENCES = {
    "units = 7": "weight 0 hidden/kernel: rank 1 has '(3, 7) float32', ranks 0, 2 have '(3, 4) float32'",
    "rate = 0.3": "optimizer learning_rate: rank 1 has '0.3', ranks 0, 2 have '0.1'",
    "kind = dtrain.optimizers.Adam": "optimizer: rank 1 has 'Adam', ranks 0, 2 have 'SGD'",
    "seed = 2": "seed: rank 1 has 2, ranks 0, 2 have 1",
    "loss = dtrain.losses.SparseCategoricalCrossentropy(name='other')": "loss: rank 1 has",
    "rows = 29": "rows of the training data: rank 1 has '29', ranks 0, 2 have '30'",
    "width = 2": "arrays of the training data: rank 1 has '(2,) float32",
    "batch = 5": "batch_size of the training data: rank 1 has '5'",
    "shuffle = False": "shuffle of the training data: rank 1 has False",
    "epochs = 2": "epochs: rank 1 has 2, ranks 0, 2 have 3",
    "np.__version__ = '0.1'": "numpy version: rank 1 has '0.1'",
    "dtrain.__version__ = '0.0.1'": "dtrain version: rank 1 has '0.0.1'",
    "callbacks = [TrainingCheckpoint('states')]": "callbacks that write training states: rank 1 has",
    "evaluate: rows = 29": "rows of the data: rank 1 has '29'",
    "predict: rows = 29": "rows of the data: rank 1 has '29'",
    "train_on_batch: width = 2": "input 0 of a step: rank 1 has '(30, 2) float32'",
}
LOOP = """
import sys
import numpy as np
import dtrain
from dtrain import layers
from dtrain.distributed import DesyncError, world
from dtrain.training.training_checkpoint import TrainingCheckpoint

versions = np.__version__, dtrain.__version__
for number, case in enumerate(sys.argv[1:]):
    rows, units, rate, seed, batch, epochs, kind, width = 30, 4, 0.1, 1, 10, 3, dtrain.optimizers.SGD, 3
    loss, shuffle, callbacks = "sparse_categorical_crossentropy", True, []
    np.__version__, dtrain.__version__ = versions
    call, _, change = case.rpartition(": ")
    if world().rank == 1:
        exec(change)
    dtrain.utils.set_random_seed(seed)
    x, y = np.ones((rows, width), np.float32), np.arange(rows) % 5
    model = dtrain.Sequential([dtrain.Input((width,)), layers.Dense(units, name="hidden"), layers.Dense(5)])
    model.compile(kind(rate), loss)
    try:
        if not call:
            model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=shuffle, callbacks=callbacks, verbose=0)
        elif call == "predict":
            model.predict(x, verbose=0)
        else:
            getattr(model, call)(x, y)
    except DesyncError as error:
        sys.stdout.write(f"<{number} on {world().rank}: {error}>")
    world().Barrier()
"""


@pytest.fixture(scope="module")
def told() -> str:
    """What the ranks say of all differences, one after the other."""
    done = mpirun(RANKS, LOOP, *DIFFERENCES, timeout_s=60)
    assert done.rc == 0, str(done)
    return done.stdout


@pytest.mark.parametrize("case", list(DIFFERENCES))
def test_a_difference_is_named_on_every_process(told: str, case: str) -> None:
    number = list(DIFFERENCES).index(case)
    for rank in range(RANKS):
        _, _, rest = told.partition(f"<{number} on {rank}: ")
        assert DIFFERENCES[case] in rest.partition(">")[0], told


MORE_ON_ONE = """
if world().rank == 0:  # a model that only looks at data, and makes names with other numbers
    layers.Dense(3)(layers.Dense(2)(dtrain.Input((5,))))
    dtrain.optimizers.SGD(), dtrain.losses.MeanSquaredError(), dtrain.metrics.MeanSquaredError()
"""


def test_names_that_are_numbered_otherwise_are_no_difference() -> None:
    done = train(between=MORE_ON_ONE + "model = dtrain.Sequential([layers.Dense(5), layers.Dense(5)])")
    assert done.rc == 0, str(done)


WEIGHTS = """
from dtrain.distributed.guard import compare_arrays
for call in (fit, lambda: model.predict(x, verbose=0), lambda: model.evaluate(x, y, verbose=0)):
    model = dtrain.Sequential([dtrain.Input((width,)), layers.Dense(5, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    call()
    compare_arrays(world(), {v.path: v.array for v in model.weights})
"""


def test_without_a_seed_all_processes_begin_with_the_weights_of_the_first() -> None:
    done = train("seed = None", call=WEIGHTS)
    assert done.rc == 0, str(done)
