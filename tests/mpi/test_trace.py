"""One trace of all processes: what is in it, and what is left of it when processes fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dtrain.timeline.merge import merge
from tests.mpi.launcher import Run, mpirun, needs_mpirun
from tests.timeline.traces import TraceFile, bounds

pytestmark = needs_mpirun

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
import dtrain
from dtrain import layers
from dtrain.distributed import world
from dtrain.training.training_checkpoint import TrainingCheckpoint

call = sys.argv[1]
dtrain.utils.set_random_seed(0)
numbers = np.random.default_rng(0)
x, y = numbers.normal(size=(40, 6)).astype(np.float32), numbers.integers(0, 3, 40)
stack = [dtrain.Input((6,)), layers.Dense(5, name="near"), layers.BatchNormalization(name="norm")]
model = dtrain.Sequential([*stack, layers.Dense(3, name="far")], name="net")
loss = dtrain.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("sgd", loss, metrics=["accuracy"])

def fit(epochs=2, **arguments):
    model.fit(x, y, batch_size=10, epochs=epochs, shuffle=False, verbose=0, **arguments)

if call == "all":
    fit(validation_data=(x, y), callbacks=[TrainingCheckpoint(Path(sys.argv[2]) / "states")])
    fit(reproducible=True)
    model.evaluate(x, y, batch_size=20, verbose=0)
    model.predict(x, batch_size=20, verbose=0)
elif call == "alike":
    x[26] = np.nan
    fit()
elif call == "alone":
    fit()
    if world().rank == 1:
        raise KeyError("of one")
    fit(epochs=10**6)
elif call == "window":
    fit(epochs=10)
    if world().rank == 0:
        print("written before the end:", Path(sys.argv[2], "trace.json").exists())
"""


def run(folder: Path, call: str, name: str = "trace.json", **env: str) -> Run:
    return mpirun(
        2,
        SCRIPT,
        call,
        str(folder),
        timeout_s=60,
        env={"DTRAIN_TRACE": str(folder / name), "DTRAIN_TRACE_STEPS": "0:", **env},
    )


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> TraceFile:
    folder = tmp_path_factory.mktemp("trace")
    done = run(folder, "all", "trace.json.gz")
    assert done.rc == 0, str(done)
    assert "Trace of 2 processes, 16 steps" in done.stderr
    return TraceFile(folder / "trace.json.gz")


def test_all_processes_are_there_with_their_hosts(trace: TraceFile) -> None:
    assert trace.ranks() == [0, 1]


@pytest.mark.parametrize("rank", [0, 1])
def test_steps_are_numbered_and_hold_their_phases(trace: TraceFile, rank: int) -> None:
    steps = [event["args"] for event in trace.of_rank(rank, name="step")]
    assert steps == [{"epoch": e, "step": s} for e in (0, 1) for s in range(4)] * 2
    for phase in ("reduce", "update"):
        found = trace.of_rank(rank, name=phase)
        assert len(found) == 16 and {trace.parent(event) for event in found} == {"step"}
    assert "step" in {trace.parent(event) for event in trace.of_rank(rank, name="compute")}
    assert {trace.parent(event) for event in trace.of_rank(rank, name="data")} == {None, "validation"}
    assert len(trace.of_rank(rank, name="validation")) == 2
    for phase in ("wait", "metrics", "callbacks", "checkpoint"):
        assert trace.of_rank(rank, name=phase)


@pytest.mark.parametrize("rank", [0, 1])
def test_instructions_run_within_compute_by_layer_and_direction(trace: TraceFile, rank: int) -> None:
    layers = {"net/near", "net/norm", "net/far", "loss"}
    for direction in ("forward", "backward"):
        nodes = trace.of_rank(rank, cat=direction)
        assert layers <= {event["args"]["layer"] for event in nodes}
        assert {trace.parent(event) for event in nodes} == {"compute"}
    assert trace.of_rank(rank, cat="forward", layer="metrics")
    assert not trace.of_rank(rank, cat="backward", layer="metrics")
    near = trace.of_rank(rank, cat="forward", layer="net/near")
    assert near[0]["args"]["reads"][0] == "float32 5x6"
    assert "float32 1x6" in {event["args"]["reads"][0] for event in near}  # micro-shards


def test_the_background_writing_of_checkpoints_has_a_row_of_its_own(trace: TraceFile) -> None:
    writes = trace.of_rank(0, name="write")
    assert len(writes) == 2
    assert {trace.threads[event["tid"]] for event in writes} == {"dtrain-checkpoint_0"}
    assert not trace.of_rank(1, name="write")


def test_reductions_of_a_step_overlap(trace: TraceFile) -> None:
    pairs = list(zip(trace.of_rank(0, name="reduce"), trace.of_rank(1, name="reduce"), strict=True))
    for first, second in pairs:
        assert max(bounds(first)[0], bounds(second)[0]) < min(bounds(first)[1], bounds(second)[1])


def test_an_error_of_all_leaves_a_trace_of_all(tmp_path: Path) -> None:
    done = run(tmp_path, "alike")
    assert done.rc != 0 and "FloatingPointError" in done.stderr, str(done)
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]
    trace = TraceFile(tmp_path / "trace.json")
    assert [len(trace.of_rank(rank, name="step")) for rank in (0, 1)] == [3, 3]


def test_an_error_of_one_leaves_its_part(tmp_path: Path) -> None:
    done = run(tmp_path, "alone")
    assert done.rc != 0 and "KeyError: 'of one'" in done.stderr, str(done)
    assert f"python -m dtrain.timeline.merge {tmp_path / 'trace.json'}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["trace.rank1.json"]
    assert merge(tmp_path / "trace.json") == [1]
    trace = TraceFile(tmp_path / "trace.json")
    assert trace.ranks() == [1] and len(trace.of_rank(1, name="step")) == 8


def test_steps_are_chosen_and_the_file_is_there_when_they_are_over(tmp_path: Path) -> None:
    done = run(tmp_path, "window", DTRAIN_TRACE_STEPS="3:6")
    assert done.rc == 0 and "written before the end: True" in done.stdout, str(done)
    trace = TraceFile(tmp_path / "trace.json")
    for rank in (0, 1):
        steps: list[Any] = [tuple(event["args"].values()) for event in trace.of_rank(rank, name="step")]
        assert steps == [(0, 3), (1, 0), (1, 1)]


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    done = run(tmp_path, "window", "missing/trace.json")
    assert done.rc != 0 and not done.timed_out
    assert "trace.json cannot be written: No such file or directory" in done.stderr
