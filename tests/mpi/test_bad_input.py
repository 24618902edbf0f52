"""Bad input under mpirun: one message or traceback, a non-zero exit, and no rank that waits for ever."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.runs import PROGRAM, ending, trained, write_config
from tests.mpi.launcher import Run, is_open_mpi, mpirun, needs_mpirun, run
from tests.test_bad_input import mnist, mnist_config

pytestmark = needs_mpirun

LIMIT_S = 60.0
HEAD = """
import os
from dtrain.distributed import prepare, launch
prepare()
import numpy as np
import dtrain as dt
from dtrain import layers
rank = launch().rank
model = dt.Sequential([dt.Input((4,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax")], name="net")
model.compile("sgd", "sparse_categorical_crossentropy")
x, y = np.ones((20, 4), np.float32), np.arange(20) % 3
"""

# The statement, and what the message says. Every other one runs on 3 processes.
STATEMENTS = {
    "lengths differ": ("model.fit(x, y[:-1], verbose=0)", "same number of rows"),
    "a label of the last rank's rows": ("y[19] = 3; model.fit(x, y, shuffle=False, verbose=0)", "Received: label 3"),
    "NaN in the last rank's rows": ("x[19] = np.nan; model.fit(x, y, shuffle=False, verbose=0)", "first in row 19"),
    "a wrong shape on rank 1 only": ("model.fit(x[:, :4 - rank], y, verbose=0)", "Ranks differ"),
    "no rows on rank 1 only": ("n = 0 if rank else 20; model.fit(x[:n], y[:n], verbose=0)", "at least one row"),
    "an unknown loss": ("model.compile('sgd', 'mes')", "Unknown loss: 'mes'"),
    "a missing file on rank 1 only": (
        "rank == 1 and model.load_weights('none.weights.h5'); model.fit(x, y)",
        "no such file",
    ),
    "another model on rank 1": (
        "model.add(layers.Dense(3, 'tanh' if rank else 'relu')); model.compile('sgd', 'mse')\n"
        "model.fit(x, np.ones((20, 3)), verbose=0)",
        "Ranks differ",
    ),
    "a folder that cannot be written": (
        "open(f'file{rank}', 'w').close()\n"
        "from dtrain.training.training_checkpoint import TrainingCheckpoint\n"
        "model.fit(x, y, verbose=0, callbacks=[TrainingCheckpoint('file0/inside')])",
        "Cannot make the folder file0/inside",
    ),
}


def check(result: Run, message: str, tracebacks: int = 1) -> None:
    assert not result.timed_out, result
    assert result.rc != 0, result
    assert message in result.stderr, result
    assert result.stderr.count("Traceback") == tracebacks, result


@pytest.mark.parametrize("kind", list(STATEMENTS))
def test_a_script_with_bad_input_ends_with_one_traceback(tmp_path: Path, kind: str) -> None:
    statement, message = STATEMENTS[kind]
    n = 2 + list(STATEMENTS).index(kind) % 2
    check(mpirun(n, HEAD + statement, timeout_s=LIMIT_S, cwd=tmp_path), message)


def test_terminate_on_nan_ends_the_training_of_all_ranks(tmp_path: Path) -> None:
    code = "x[19] = np.nan\nh = model.fit(x, y, epochs=3, verbose=0, callbacks=[dt.callbacks.TerminateOnNaN()])\n"
    result = mpirun(2, HEAD + code + "assert len(h.history['loss']) == 1", timeout_s=LIMIT_S, cwd=tmp_path)
    assert result.rc == 0, result


@pytest.mark.parametrize("n", [2, 3])
def test_more_processes_than_rows_give_the_numbers_of_one(tmp_path: Path, n: int) -> None:
    code = """
history = model.fit(np.ones((1, 4)), np.zeros(1, int), epochs=3, verbose=0)
values = [*history.history["loss"], *model.evaluate(x[:1], y[:1], verbose=0, return_dict=True).values()]
assert model.predict(x[:1], verbose=0).shape == (1, 3)
if rank == 0:
    print(*(f"{value:.5f}" for value in values))
"""
    head = HEAD.replace("rank = launch().rank", "rank = launch().rank; dt.utils.set_random_seed(1)")
    many = mpirun(n, head + code, timeout_s=LIMIT_S, cwd=tmp_path)
    assert many.rc == 0, many
    one = run([sys.executable, "-c", head + code], timeout_s=LIMIT_S, cwd=tmp_path)
    assert many.stdout == one.stdout and len(one.stdout.split()) == 4, (many, one)


# ---- the command ----------------------------------------------------------------------------------------------------


def command(n: int, *arguments: object, program: str = PROGRAM, env: dict[str, str] | None = None) -> Run:
    return mpirun(n, program, *map(str, arguments), timeout_s=LIMIT_S, env=env)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epoch=3", "unknown key 'train.epoch'. Did you mean 'epochs'?"),
        ("model.hidden_units=[0]", "units must be a positive integer"),
        ("compile.loss=mes", "Unknown loss: 'mes'"),
    ],
)
def test_a_wrong_configuration_is_one_message_and_no_traceback(tmp_path: Path, override: str, message: str) -> None:
    result = command(2, "train", write_config(tmp_path), f"run.folder={tmp_path}", override)
    check(result, message, tracebacks=0)
    assert result.stderr.count(message) == 1, result


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = command(2, "train", write_config(tmp_path), f"run.folder={tmp_path / 'file'}")
    check(result, "cannot write the run's folder", tracebacks=0)
    assert result.stderr.count("cannot write the run's folder") == 1, result


@pytest.mark.parametrize(("damage", "rank"), [("cut off", "1"), ("cut off", "all"), ("something else", "0")])
def test_a_damaged_data_file_on_any_rank_ends_the_job_with_one_line(tmp_path: Path, damage: str, rank: str) -> None:
    mnist(tmp_path / "mnist")
    path = mnist(tmp_path / "bad")["train-images-idx3-ubyte"]
    path.write_bytes(path.read_bytes()[:-50] if damage == "cut off" else b"PK\3\4" * 100)
    program = f"""
import os
from dtrain.distributed import launch
bad = {rank!r} in ("all", str(launch().rank))
os.environ["DTRAIN_DATA_DIR"] = os.path.join({str(tmp_path)!r}, "bad" if bad else "mnist")
{PROGRAM}"""
    result = command(2, "train", mnist_config(tmp_path), f"run.folder={tmp_path}", program=program)
    check(result, str(path), tracebacks=0)
    assert result.stderr.count(f"Error: {path}: expected") == 1, result
    assert f"rank {'1' if rank == '1' else '0'} of 2" in result.stderr, result


def test_checkpoints_of_another_model_are_refused_once_and_left_alone(tmp_path: Path) -> None:
    run_folder = trained(tmp_path)
    before = ending(run_folder)
    arguments = ("train", tmp_path / "small.toml", f"run.folder={tmp_path}", "model.hidden_units=[7]", "--resume")
    result = command(2, *arguments)
    check(result, "holds the weights of another model", tracebacks=0)
    assert result.stderr.count("holds the weights of another model") == 1, result
    assert ending(run_folder) == before


def test_a_launcher_that_says_two_while_mpi_says_one_is_refused_in_one_line(tmp_path: Path) -> None:
    hydra = {"PMI_SIZE": "2", "MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0", "PMI_RANK": "0"}
    foreign = hydra if is_open_mpi() else {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}
    arguments = [sys.executable, "-c", PROGRAM, "train", str(write_config(tmp_path)), f"run.folder={tmp_path}"]
    result = run(arguments, timeout_s=LIMIT_S, env=foreign)
    check(result, "started 2 processes", tracebacks=0)
    assert "each process would be alone" in result.stderr, result
    assert not os.path.exists(tmp_path / "run" / "checkpoints"), result
