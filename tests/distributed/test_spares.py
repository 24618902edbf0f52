"""Which ranks are spares, and where they are refused."""

from __future__ import annotations

import pytest

from dtrain.distributed import LaunchError, placement
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.launcher import Launch
from dtrain.distributed.serial import SerialCommunicator
from dtrain.distributed.spares import VARIABLE, refuse_spares, spares_of_host, wanted_workers
from dtrain.distributed.threads import ThreadPlan
from tests.distributed.group import run_ranks


def test_all_ranks_have_rows_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert wanted_workers() is None
    assert SerialCommunicator().workers == 1
    assert run_ranks(3, lambda ranks: Communicator.workers.fget(ranks)) == [3, 3, 3]  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "", "\u0663"])
def test_what_is_no_number_of_processes_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ValueError, match="DTRAIN_WORKERS must be a number of processes"):
        wanted_workers()


@pytest.mark.parametrize(
    ("local_size", "size", "workers", "spares"),
    [(5, 5, "4", 1), (5, 5, "9", 0), (5, 5, None, 0), (2, 4, "3", 0)],
    ids=["one", "fewer ranks than workers", "none", "on several hosts, any may come to work"],
)
def test_the_spares_of_a_host_are_known_where_it_has_all_ranks(
    monkeypatch: pytest.MonkeyPatch, local_size: int, size: int, workers: str | None, spares: int
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if workers is not None:
        monkeypatch.setenv(VARIABLE, workers)
    assert spares_of_host(Launch("openmpi", 0, size, 0, local_size)) == spares


def test_a_job_that_is_not_elastic_has_no_use_for_spares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    refuse_spares()
    monkeypatch.setenv(VARIABLE, "2")
    with pytest.raises(LaunchError, match=r"DTRAIN_WORKERS=2 keeps .* dtrain launch --elastic --replace K"):
        refuse_spares()


def test_a_spare_counts_as_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "prepare", lambda: ThreadPlan(3, "environment", "share of one"))
    places = run_ranks(3, placement.gather, spares=1)
    assert [each.threads for each in places[0]] == [3, 3, 1]
