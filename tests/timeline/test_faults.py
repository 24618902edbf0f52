"""Faults on request strike where and when they are wanted, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dtrain import timeline
from dtrain.timeline.fault_text import Fault, parse
from dtrain.timeline.faults import Faults

ROOT = Path(__file__).parents[2]
TRAIN = """
import sys
import numpy as np
import dtrain
from dtrain.training.training_checkpoint import TrainingCheckpoint

model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(1)])
model.compile("sgd", "mse")
saver = TrainingCheckpoint(sys.argv[1], every_epochs=0, every_steps=4)
model.fit(np.ones((40, 3)), np.ones((40, 1)), batch_size=4, epochs=2, verbose=0, callbacks=[saver])
print("[done]")
"""


def train(folder: Path, fault: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DTRAIN_FAULT": fault, **more}
    command = [sys.executable, "-c", TRAIN, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kill:rank=1,step=7", Fault("kill", rank=1, step=7)),
        ("sleep:s=0.5,times=all,at=reduce", Fault("sleep", seconds=0.5, times=None, at="reduce")),
        ("exit:epoch=2,status=9,restart=all", Fault("exit", epoch=2, status=9, restart=None)),
        ("diskfull:nth=2", Fault("diskfull", at="half", nth=2)),
        ("bitflip", Fault("bitflip", at="renamed")),
    ],
)
def test_a_text_is_a_fault(text: str, expected: Fault) -> None:
    assert parse(text) == [expected]
    assert parse(f" {text} ;; {text};") == [expected, expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("die:step=7", "a kind of kill, stop"),
        ("kill:steps=7", "keys of rank, epoch, step"),
        ("kill:step=seven", "step= a whole number"),
        ("kill:step=-1", "step= a whole number"),
        ("kill:step", "each key once"),
        ("kill:step=1,step=2", "each key once"),
        ("kill:at=lunch", "at= one of begin, data, compute"),
        ("sleep:s=long", "s= a number of seconds"),
        ("nan:at=reduce", "no at= with nan"),
    ],
)
def test_a_wrong_text_is_answered_clearly(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r"^DTRAIN_FAULT: expected") as caught:
        parse(text)
    assert expected in str(caught.value)
    assert repr(text) in str(caught.value)


def test_every_phase_can_be_a_place() -> None:
    for phase in (timeline.DATA, timeline.WAIT, timeline.WRITE):
        assert parse(f"kill:at={phase.name}")[0].at == phase.name


def struck(text: str, steps: int = 4, epochs: int = 2) -> list[tuple[int, int]]:
    """The steps in which a fault that is to raise an error does so."""
    faults = Faults(parse(text), rank=0)
    found = []
    for epoch in range(epochs):
        for step in range(steps):
            try:
                faults.begin_step(epoch, step)
                faults.enter("reduce")
                faults.leave("reduce")
            except RuntimeError:
                found.append((epoch, step))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("raise", [(0, 0)]),
        ("raise:step=5", [(1, 1)]),
        ("raise:epoch=1,step=2", [(1, 2)]),
        ("raise:step=2,at=reduce", [(0, 2)]),
        ("raise:nth=3,times=2", [(0, 2), (0, 3)]),
        ("raise:epoch=1,times=all", [(1, 0), (1, 1), (1, 2), (1, 3)]),
        ("raise:step=9", []),
        ("raise:step=1; raise:epoch=1,step=3", [(0, 1), (1, 3)]),
    ],
)
def test_a_fault_strikes_in_its_step(text: str, expected: list[tuple[int, int]]) -> None:
    assert struck(text) == expected


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("kill:step=5", -signal.SIGKILL),
        ("segv:step=5", -signal.SIGSEGV),
        ("os_exit:step=5,status=4", 4),
        ("exit:step=5", 3),
        ("raise:step=5", 1),
        ("memory:step=5,at=update", 1),
        ("usr1:step=5", 75),
    ],
)
def test_a_process_ends_as_the_fault_says(tmp_path: Path, fault: str, status: int) -> None:
    done = train(tmp_path, fault)
    assert done.returncode == status, done.stderr
    assert f"DTRAIN_FAULT: {fault.partition(':')[0]} at" in done.stderr
    assert "on rank 0, epoch 0, step 5\n" in done.stderr


def test_other_ranks_and_jobs_that_were_started_again_are_left_alone(tmp_path: Path) -> None:
    done = train(tmp_path, "kill:rank=1,step=5; kill:step=2", DTRAIN_RESTART="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[done]\n", "")


def test_a_nan_in_the_data_of_a_step_stops_training_there(tmp_path: Path) -> None:
    done = train(tmp_path, "nan:epoch=1,step=1")
    assert done.returncode == 1
    assert "epoch 2, step 2" in done.stderr.splitlines()[-1]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


@pytest.mark.parametrize("kind", ["diskfull", "quota", "ioerror", "readonly"])
def test_a_checkpoint_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    done = train(tmp_path, f"{kind}:nth=2")
    assert done.returncode == 1, done.stderr
    assert "CheckpointError: Cannot write" in done.stderr
    assert names(tmp_path) == ["step-0000000004.h5"]


@pytest.mark.parametrize("kind", ["bitflip", "truncate"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, kind: str) -> None:
    from dtrain.checkpoint import CheckpointWarning, newest_good

    assert train(tmp_path, f"{kind}:nth=5").returncode == 0
    with pytest.warns(CheckpointWarning, match="step-0000000020.h5"):
        assert newest_good(tmp_path)[1].step == 16


# At each of these moments of the second writing, the step that is found afterwards.
@pytest.mark.parametrize(("point", "step"), [("open", 4), ("half", 4), ("fsync", 4), ("rename", 4), ("renamed", 8)])
def test_a_process_killed_while_it_writes_leaves_a_good_checkpoint(tmp_path: Path, point: str, step: int) -> None:
    from dtrain.checkpoint import newest_good

    # The file is opened, renamed and so on once per checkpoint; fsync twice, of the file and of its folder.
    nth = 3 if point == "fsync" else 2
    done = train(tmp_path, f"kill:at={point},nth={nth}")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert newest_good(tmp_path)[1].step == step


def test_without_the_variable_nothing_watches() -> None:
    code = "import sys, dtrain\nfrom dtrain.timeline import phases\nprint(phases._watchers)"
    environment: dict[str, Any] = {k: v for k, v in os.environ.items() if k != "DTRAIN_FAULT"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout == "()\n", done.stderr
