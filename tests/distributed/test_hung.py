"""Which ranks an elastic job kills because they keep others waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dtrain.distributed.heartbeats import Sight
from dtrain.distributed.hung import hung_s, to_kill

WAITING = Sight(0, 100, False, ("reduce", "wait"), 0, 3, still_s=60.0, silent_s=0.5)
BUSY = Sight(1, 101, False, ("compute",), 0, 3, still_s=61.0, silent_s=0.5)


def pids(*sights: Sight) -> list[int]:
    return [sight.pid for sight in to_kill(list(sights), 100, 60.0)]


def test_a_rank_that_neither_waits_nor_goes_on_is_killed() -> None:
    assert pids(WAITING, BUSY) == [101]


def test_a_rank_that_does_not_run_is_killed_although_it_was_waiting() -> None:
    stopped = replace(WAITING, rank=1, pid=101, silent_s=60.0)
    assert pids(WAITING, stopped) == [101]


def test_nobody_is_killed_before_this_rank_has_waited_long_enough() -> None:
    assert pids(replace(WAITING, still_s=59.0), BUSY) == []


def test_a_rank_that_others_do_not_wait_for_may_take_its_time() -> None:
    assert pids(replace(WAITING, phases=("compute",)), BUSY) == []


def test_ranks_that_wait_too_or_go_on_or_have_ended_are_left_alone() -> None:
    others = [
        replace(WAITING, rank=1, pid=101),
        replace(BUSY, pid=102, still_s=1.0),
        replace(BUSY, pid=103, ended=True),
    ]
    assert pids(WAITING, *others) == []


def test_a_time_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTRAIN_HUNG_S", "soon")
    with pytest.raises(ValueError, match="DTRAIN_HUNG_S must be a number of seconds"):
        hung_s()
