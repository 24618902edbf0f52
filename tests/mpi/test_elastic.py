"""Elastic mode: ranks are killed or stopped, and the others end with what an undisturbed run ends with."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.checkpoint import newest_good
from tests.mpi.launcher import Run, find_mpirun, is_open_mpi, needs_mpirun, run, serial

SCRIPT = Path(__file__).with_name("scripts_elastic.py")
pytestmark = [
    needs_mpirun,
    pytest.mark.skipif(not is_open_mpi(), reason="only Open MPI lets a job go on when a rank dies"),
]


def elastic(n: int, fault: str, *settings: str, **variables: str) -> Run:
    mpirun = [str(find_mpirun()), "--with-ft", "ulfm", "--oversubscribe", "-n", str(n)]
    env = {"DTRAIN_ELASTIC": "1", "DTRAIN_FAULT": fault, **variables}
    return run([*mpirun, sys.executable, str(SCRIPT), *settings], timeout_s=60, env=env)


@cache
def undisturbed(*settings: str) -> dict[str, Any]:
    """What one process ends with."""
    done = serial(SCRIPT, *settings)
    assert done.rc == 0, str(done)
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def check(done: Run, left: int, *settings: str) -> dict[str, Any]:
    """The run ended well on the ranks that are left, all with one outcome: that of an undisturbed run."""
    assert done.rc == 0, str(done)
    outcome, expected = json.loads(done.stdout), undisturbed(*settings)
    assert outcome["left"] == left and outcome["equal"], str(done)
    if "reproducible=1" in settings:
        assert outcome["digest"] == expected["digest"], str(done)
        assert outcome["history"] == expected["history"], str(done)
    for name, values in expected["history"].items():
        np.testing.assert_allclose(outcome["history"][name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(outcome["outputs"], expected["outputs"], rtol=1e-3, atol=1e-5)
    return outcome


@pytest.mark.parametrize(
    ("n", "fault", "left"),
    [
        (2, "kill:rank=0,step=0,at=compute", 1),
        (3, "kill:rank=0,epoch=1,step=2,at=update", 2),
        (4, "kill:rank=3,epoch=0,step=3,at=reduce; kill:rank=1,epoch=1,step=4,at=compute,nth=3", 2),
    ],
)
def test_a_reproducible_run_loses_not_a_bit_when_ranks_are_killed(n: int, fault: str, left: int) -> None:
    check(elastic(n, fault, "reproducible=1"), left, "reproducible=1")


@pytest.mark.parametrize("settings", [("model=own",), ("batches=1", "accumulate=4")], ids=" ".join)
def test_other_steps_and_data_are_repeated_too(settings: tuple[str, ...]) -> None:
    check(elastic(3, "kill:rank=1,epoch=1,step=2,at=wait", *settings), 2, *settings)


@pytest.mark.parametrize(
    ("n", "fault", "left"),
    [
        (5, "kill:rank=0,step=0,at=compute; kill:rank=2,epoch=2,step=1,at=reduce", 3),
        (4, "kill:rank=1,epoch=1,step=3,at=wait; kill:rank=3,epoch=1,step=3,at=update", 2),
        (3, "kill:rank=1,at=validation,nth=1; kill:rank=0,epoch=2,step=4,at=update", 1),
    ],
    ids=["two spares take two places", "a worker and a spare at once", "more are lost than there are spares"],
)
def test_spares_take_the_places_of_ranks_that_are_killed_and_not_a_bit_is_lost(n: int, fault: str, left: int) -> None:
    done = elastic(n, fault, "reproducible=1", DTRAIN_WORKERS="2")
    assert check(done, left, "reproducible=1")["workers"] == min(2, left)
    assert "takes its place" in done.stderr, str(done)


def test_a_spare_reads_no_rows_before_it_takes_a_place() -> None:
    settings = ("batches=rows",)
    done = elastic(4, "kill:rank=3,epoch=0,step=2; kill:rank=0,epoch=2,step=2", *settings, DTRAIN_WORKERS="2")
    outcome = check(done, 2, *settings)
    # Of 40 rows a batch a worker has 20; the spare has those of the last epoch from its third batch on. A few more
    # are read ahead.
    assert outcome["read"][0] >= 300 and 60 <= outcome["read"][1] <= 140, str(done)
    assert re.search(
        r"rank 3 \(host \S+, pid \d+\), a spare, is lost in step 3 of epoch 1: 3 of 4 ranks go on", done.stderr
    )


def test_what_was_lost_is_said_once() -> None:
    done = elastic(3, "kill:rank=1,epoch=1,step=2,at=callbacks")
    found = re.findall(r"^dtrain: rank 1 \(host \S+, pid \d+\) is lost in step 3 of epoch 2: (.*)$", done.stderr, re.M)
    assert len(found) == 1, str(done)
    assert re.fullmatch(r"2 of 3 ranks go on, after \d+\.\d\d s\. Ranks 0 and 2 are now ranks 0-1", found[0]), str(done)


def test_a_stopped_rank_is_killed_and_left_behind() -> None:
    done = elastic(2, "stop:rank=0,epoch=1,step=1,at=compute", "reproducible=1", DTRAIN_HUNG_S="1.5")
    check(done, 1, "reproducible=1")
    assert "has kept others waiting for 1.5 s (DTRAIN_HUNG_S) and is killed" in done.stderr, str(done)


def test_a_rank_that_is_alone_on_its_host_is_killed_when_it_is_stopped_and_left_behind() -> None:
    fault = "stop:rank=0,epoch=1,step=1,at=compute; kill:rank=1,epoch=2,step=2,at=reduce"
    done = elastic(3, fault, "reproducible=1", "ranks_per_host=1", DTRAIN_HUNG_S="1")
    check(done, 1, "reproducible=1")
    assert re.search(r"rank 0 \(.*\) has been stopped for 1 s \(DTRAIN_HUNG_S\) and is killed", done.stderr), str(done)


def test_all_ranks_of_a_host_may_be_stopped_at_once() -> None:
    fault = "stop:rank=2,epoch=1,step=1,at=compute; stop:rank=3,epoch=1,step=1,at=compute"
    done = elastic(4, fault, "ranks_per_host=2", DTRAIN_HUNG_S="1")
    check(done, 2)
    assert done.stderr.count("has been stopped for 1 s (DTRAIN_HUNG_S) and is killed") == 2, str(done)


def test_the_checkpoints_are_those_of_an_undisturbed_run_when_their_writer_is_killed(tmp_path: Path) -> None:
    folder = f"save={tmp_path / 'run'}"
    check(elastic(3, "kill:rank=0,epoch=2,step=4,at=half", folder, "reproducible=1"), 2, "reproducible=1")
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    # The writer dies in the file of step 14 or, if that was written quickly, in that of step 15, which is made again.
    assert names in [[f"step-{step:010d}.h5" for step in steps] for steps in ((10, 12, 15), (12, 14, 15))]
    assert newest_good(tmp_path / "run")[1].step == 15


def test_with_too_few_ranks_the_state_is_saved_and_a_later_run_goes_on_from_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = elastic(2, "kill:rank=0,epoch=1,step=2", f"save={folder}", "reproducible=1", DTRAIN_MIN_RANKS="2")
    assert done.rc == 75, str(done)
    assert "Stopped after step 3 of epoch 2: 1 rank is left, and --min-ranks" in done.stderr, str(done)
    resumed = serial(SCRIPT, f"resume={folder}", "reproducible=1")
    assert resumed.rc == 0 and "epoch 2, step 3 of the epoch" in resumed.stdout, str(resumed)
    outcome = json.loads(resumed.stdout.splitlines()[-1])
    assert outcome["digest"] == undisturbed("reproducible=1")["digest"]
    assert outcome["history"] == undisturbed("reproducible=1")["history"]


def test_without_fault_tolerance_elastic_mode_is_refused() -> None:
    done = run(
        [str(find_mpirun()), "--oversubscribe", "-n", "2", sys.executable, str(SCRIPT)],
        timeout_s=60,
        env={"DTRAIN_ELASTIC": "1"},
    )
    assert done.rc == 1 and "started by `mpirun --with-ft ulfm`" in done.stderr, str(done)
