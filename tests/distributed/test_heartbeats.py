"""Ranks see what the others of their host do, and for how long; without shared memory each sees itself."""

from __future__ import annotations

import os

import numpy as np
import pytest

from dtrain.distributed import heartbeats
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.heartbeats import Heartbeats
from dtrain.distributed.pulse import Pulse
from tests.distributed.group import run_ranks


class Clock:
    """A clock that goes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ranks(clock: Clock) -> list[Heartbeats]:
    """The heartbeats of two ranks, as each of them has them."""
    memory = np.zeros(2 * heartbeats._RECORD, np.int32)
    return [Heartbeats(memory, rank, rank, True, clock) for rank in range(2)]


def test_a_rank_is_seen_in_the_phases_it_is_in_and_in_the_step_it_began(ranks: list[Heartbeats]) -> None:
    pulse = Pulse(ranks[1])
    pulse.begin_step(2, 16)
    pulse.enter("reduce")
    assert ranks[0].look()[1].phases == ("reduce",)
    pulse.enter("wait")
    seen = ranks[0].look()[1]
    assert (seen.rank, seen.pid, seen.epoch, seen.step) == (1, os.getpid(), 2, 16)
    assert seen.phases == ("reduce", "wait") and seen.waiting
    pulse.leave("wait")
    assert ranks[0].look()[1].phases == ("reduce",) and not ranks[0].look()[1].waiting
    pulse.leave("reduce")
    assert ranks[0].look()[1].phases == ()


def test_what_a_thread_beside_does_is_not_what_the_rank_does(ranks: list[Heartbeats]) -> None:
    pulse = Pulse(ranks[1])
    pulse.enter("compute")
    pulse.enter("write")
    pulse.leave("compute")
    pulse.leave("write")
    assert ranks[0].look()[1].phases == ()


def test_of_many_phases_that_nest_the_inner_ones_are_seen(ranks: list[Heartbeats]) -> None:
    pulse = Pulse(ranks[1])
    for _ in range(9):
        pulse.enter("validation")
    pulse.enter("data")
    assert ranks[0].look()[1].phases == ("validation",) * 6 + ("data",)


def test_time_counts_from_the_last_change_also_when_the_same_phase_comes_again(
    ranks: list[Heartbeats], clock: Clock
) -> None:
    pulse = Pulse(ranks[1])
    pulse.enter("compute")
    ranks[0].look()
    clock.now += 30
    assert ranks[0].look()[1].still_s == 30
    pulse.leave("compute")
    pulse.enter("compute")
    assert ranks[0].look()[1].still_s == 0


def test_a_rank_is_late_that_hangs_or_is_stopped_or_has_ended_but_none_that_waits(
    ranks: list[Heartbeats], clock: Clock
) -> None:
    pulse = Pulse(ranks[1])
    pulse.enter("data")
    ranks[0].look()
    clock.now += 5
    for each in ranks:
        each.alive()
    Pulse(ranks[0]).enter("wait")
    assert ranks[0].late(5) == [1] and ranks[0].late(6) == []
    pulse.enter("wait")
    assert ranks[0].late(1) == []
    clock.now += 5
    ranks[0].alive()  # and no thread of rank 1 runs
    assert ranks[0].late(5) == [1] and ranks[0].late(6) == []
    ranks[1].alive()
    ranks[1].end()
    assert ranks[0].late(5) == [1]


def test_after_a_stop_of_the_one_who_looks_nobody_is_late(ranks: list[Heartbeats], clock: Clock) -> None:
    ranks[0].look()
    clock.now += 100
    ranks[0].forget_times()
    assert ranks[0].late(1) == []


def test_a_rank_that_is_asked_shows_the_end_of_its_stack(ranks: list[Heartbeats]) -> None:
    ranks[1].answer(lambda: "nobody asked")
    first = ranks[0].ask(1)
    assert first() is None
    ranks[1].answer(lambda: "outer\n" * 5000 + "größer\n")
    answer = first()
    assert answer is not None and answer.endswith("outer\ngrößer\n") and len(answer) < 5000
    again = ranks[0].ask(1)
    assert again() is None
    ranks[1].answer(lambda: "next")
    assert again() == "next"


def test_ranks_of_one_job_share_their_records_and_without_shared_memory_each_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise SharedMemoryError("none here")

    monkeypatch.setattr(heartbeats, "allocate_shared", refused)
    found = run_ranks(2, lambda ranks: [sight.rank for sight in Heartbeats.of(ranks).look()])
    assert found == [[0], [1]]
