"""Differences of clocks: found from what ranks show one another, and taken out of their times."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from dtrain.distributed.clocks import RankClock, Reading, read_clocks
from tests.distributed.group import ThreadCommunicator, run_ranks

AHEAD = [0, 5_000_000_000, -3_600_000_000_000]  # ns that rank 0's clock is ahead of each rank's


def test_the_difference_lies_within_the_time_of_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "")  # host names that are no help

    def body(ranks: ThreadCommunicator) -> tuple[Reading, int]:
        begun = time.perf_counter_ns()
        reading = read_clocks(ranks, lambda: time.perf_counter_ns() - AHEAD[ranks.rank])
        return reading, time.perf_counter_ns() - begun

    for rank, (reading, took) in enumerate(run_ranks(3, body)):
        assert abs(reading.ahead - AHEAD[rank]) <= took


def test_ranks_with_one_clock_are_not_apart() -> None:
    assert [reading.ahead for reading in run_ranks(3, read_clocks)] == [0, 0, 0]


def test_ranks_of_one_host_are_equally_far_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(ranks: ThreadCommunicator) -> int:
        hosts = ["a", "b", "b", "b"]
        plain = ranks.allgather
        ranks.allgather = lambda value: [*hosts] if isinstance(value, str) else plain(value)  # type: ignore
        return read_clocks(ranks, lambda: time.perf_counter_ns() - 10**12 * (hosts[ranks.rank] == "b")).ahead

    first, *others = run_ranks(4, body)
    assert first == 0 and others[0] != 0 and len(set(others)) == 1


@pytest.mark.parametrize(("readings", "times", "expected"), [
    ([Reading(0, 500)], [0, 10, 99], [500, 510, 599]),
    ([Reading(100, 500), Reading(1100, 600)], [100, 600, 1100, 2100], [600, 1150, 1700, 2800]),
    ([Reading(100, 500), Reading(100, 600)], [100, 200], [600, 700]),
])  # fmt: skip
def test_a_difference_is_linear_between_two_readings(readings: Any, times: list[int], expected: list[int]) -> None:
    clock = RankClock(readings)
    assert [clock.of_rank_0(time) for time in times] == expected


def test_times_stay_in_order() -> None:
    clock = RankClock([Reading(0, 1_000), Reading(1_000_000, -300_000)])  # a clock that runs faster by a third
    found = [clock.of_rank_0(time) for time in range(2_000)]
    assert found == sorted(found)
