"""Traces of one process: which steps, where to, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtrain.training.tracing import window
from tests.mpi.launcher import Run, serial
from tests.timeline.traces import TraceFile

SCRIPT = """
import sys
import numpy as np
import dtrain

model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(1, name="only")], name="net")
model.compile("sgd", "mse")
x, y = np.zeros((40, 3)), np.zeros((40, 1))
model.{call}
"""


def run(path: Path, call: str = "fit(x, y, batch_size=4, verbose=0)", **env: str) -> Run:
    return serial(SCRIPT.replace("{call}", call), env={"DTRAIN_TRACE": str(path), **env})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", (0, None)), ("10:60", (10, 60)), (":5", (0, 5)), ("7:", (7, None)), (" 1 : 2 ", (1, 2))],
)
def test_steps_are_said_as_first_and_stop(text: str, expected: tuple[int, int | None]) -> None:
    found = window(text)
    assert (found.first, found.stop) == expected and found.thin is not bool(text)


@pytest.mark.parametrize("text", ["10", "5:5", "6:5", "a:b", "1:2:3", "-1:4"])
def test_what_says_no_steps_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected FIRST:STOP, counted from 0"):
        window(text)


def test_an_interrupted_program_leaves_its_trace(tmp_path: Path) -> None:
    stopping = "fit(x, y, batch_size=4, verbose=0, callbacks=[Stop()])"
    interrupt = "class Stop(dtrain.callbacks.Callback):\n    def on_train_batch_end(self, batch, logs=None):\n        "
    interrupt += "if batch == 2:\n            raise KeyboardInterrupt\nmodel."
    code = SCRIPT.replace("model.{call}", interrupt + stopping)
    done = serial(code, env={"DTRAIN_TRACE": str(tmp_path / "trace.json")})
    assert done.rc != 0 and "KeyboardInterrupt" in done.stderr
    assert len(TraceFile(tmp_path / "trace.json").of_rank(0, name="step")) == 3


@pytest.mark.parametrize("call", ["evaluate(x, y, batch_size=4, verbose=0)", "predict(x, batch_size=4, verbose=0)"])
def test_what_trains_nothing_has_a_trace(tmp_path: Path, call: str) -> None:
    done = run(tmp_path / "trace.json", call)
    assert done.rc == 0, str(done)
    trace = TraceFile(tmp_path / "trace.json")
    assert len(trace.of_rank(0, cat="forward", layer="net/only")) == 10
    assert not trace.of_rank(0, cat="backward") and not trace.of_rank(0, name="step")


def test_a_training_goes_on_when_its_trace_cannot_be_written_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    removing = "fit(x, y, batch_size=4, verbose=0); import shutil, os; shutil.rmtree(os.environ['DTRAIN_TRACE'][:-11])"
    done = run(folder / "trace.json", removing)
    assert done.rc == 0 and "was not written: " in done.stderr, str(done)


@pytest.mark.parametrize("name", [".", "file/trace.json", "missing/trace.json"])
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path / name)
    assert done.rc == 1 and " cannot be written: " in done.stderr
