"""The number of BLAS threads: who decides, and when."""

import json
import os
import sys

import pytest

from dtrain.distributed import threads
from dtrain.distributed.launcher import Launch
from tests.mpi.launcher import serial

PAIR = Launch("hydra", 0, 2, 0, 2)
FAKE_PAIR = {"PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALRANKID": "0", "MPI_LOCALNRANKS": "2"}
UNSET = dict.fromkeys(threads.VARIABLES, "")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in threads.VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_one_process_is_left_alone() -> None:
    plan = threads.apply(Launch("serial"))
    assert (plan.threads, plan.decided_by) == (None, "library")
    assert not any(name in os.environ for name in threads.VARIABLES)


@pytest.mark.parametrize(("value", "number"), [("3", 3), ("many", None)])
def test_what_the_user_set_is_kept(monkeypatch: pytest.MonkeyPatch, value: str, number: int | None) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    plan = threads.apply(PAIR)
    assert (plan.threads, plan.decided_by, plan.detail) == (number, "user", f"OMP_NUM_THREADS={value}")
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_the_share_is_set_before_numpy_is_loaded() -> None:
    code = """
import sys, os, json
from dtrain.distributed import prepare
plan = prepare()
assert "numpy" not in sys.modules
import numpy, threadpoolctl
numpy.ones((2, 2)) @ numpy.ones((2, 2))
used = [info["num_threads"] for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
print(json.dumps([plan.threads, plan.decided_by, used]))
"""
    pytest.importorskip("threadpoolctl")
    result = serial(code, env=FAKE_PAIR | UNSET)
    number, decided_by, used = json.loads(result.stdout)
    assert decided_by == "environment"
    assert set(used) == {number}


def test_loaded_libraries_are_limited_by_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.setattr("dtrain.distributed.cores.share", lambda local_size, spares: 1)
    with threadpoolctl.threadpool_limits(limits=None):  # puts back what the test changes
        plan = threads.apply(PAIR)
        assert (plan.threads, plan.decided_by) == (1, "threadpoolctl")
        assert all(info["num_threads"] == 1 for info in threadpoolctl.threadpool_info())


def test_too_late_without_threadpoolctl_warns_on_rank_0_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.warns(RuntimeWarning, match="Import dtrain first"):
        assert threads.apply(PAIR).decided_by == "nobody"
    assert threads.apply(Launch("hydra", 1, 2, 1, 2)).threads is None


def test_a_spare_of_the_host_needs_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTRAIN_WORKERS", "1")
    monkeypatch.setattr("dtrain.distributed.cores.share", lambda local_size, spares: 10 * local_size + spares)
    monkeypatch.setattr(threads, "_limit_loaded_libraries", lambda number: True)
    plan = threads.apply(PAIR)
    assert (plan.threads, plan.detail) == (21, "share of one of 2 processes on this host, 1 of them spare")
