"""Who holds up whom is found in what ranks are seen to do, and said in words."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from dtrain.distributed import stall
from dtrain.distributed.heartbeats import Sight
from dtrain.distributed.words import FOR_ALL_RANKS

HOST = socket.gethostname()


def sight(
    rank: int, *phases: str, still_s: float = 60, silent_s: float = 0, ended: bool = False, step: int = 16
) -> Sight:
    return Sight(rank, os.getpid(), ended, phases, 1, step, still_s, silent_s)


def said(*sights: Sight, whole: bool = True, seconds: float = 60) -> str | None:
    found = stall.find(sights, seconds, whole)
    return None if found is None else stall.describe(found, whole)


def test_the_rank_that_does_not_wait_is_named_with_what_it_does() -> None:
    waiting = [sight(rank, "reduce", "wait") for rank in (0, 2, 3)]
    assert said(sight(1, "data", still_s=61), *waiting) == (
        f"rank 1 (host {HOST}, pid {os.getpid()}) has been in 'data' after step 17 of epoch 2 for 61 s; "
        "ranks 0, 2 and 3 wait in 'reduce' of step 17 of epoch 2, since 60 s"
    )


def test_what_takes_long_is_no_stall_while_nobody_waits_long() -> None:
    assert said(sight(0, "compute", still_s=500), sight(1, "compute", still_s=500)) is None
    assert said(sight(0, "compute", still_s=500), sight(1, "reduce", "wait", still_s=59)) is None


def test_where_the_other_hosts_are_not_seen_a_rank_that_takes_long_is_named_though_nobody_waits_here() -> None:
    text = said(sight(3, "compute", still_s=500), whole=False)
    assert text == f"rank 3 (host {HOST}, pid {os.getpid()}) has been in 'compute' of step 17 of epoch 2 for 500 s"
    assert said(sight(3, still_s=500), whole=False) is None, "its program may do what it likes outside of training"


DIFFERENT = f"wait for different things. {FOR_ALL_RANKS}"


@pytest.mark.parametrize(("whole", "end"), [(True, DIFFERENT), (False, "or has ended its program")])
def test_where_all_wait_their_places_are_told_apart(whole: bool, end: str) -> None:
    text = said(*(sight(rank, "reduce", "wait") for rank in range(8)), sight(8, "wait", step=-1), whole=whole)
    assert text is not None and text.endswith(end)
    assert "ranks 0-7 wait in 'reduce' of step 17 of epoch 2 and rank 8 waits where all ranks meet, before" in text


def test_a_rank_of_which_no_thread_runs_is_late_though_it_seems_to_wait() -> None:
    text = said(sight(0, "reduce", "wait"), sight(1, "reduce", "wait", silent_s=15))
    assert text is not None and "none of its Python threads has run for 15 s; rank 0 waits in" in text


def test_a_rank_that_has_ended_makes_the_wait_last_for_ever() -> None:
    found = stall.find([sight(0, "reduce", "wait", still_s=5), sight(1, ended=True)], 5, whole=True)
    assert found is not None and found.for_ever and found.speaker == 0
    text = stall.describe(found, True)
    assert "has ended its program, after step 17 of epoch 2; rank 0 waits" in text and text.endswith(FOR_ALL_RANKS)


def test_of_many_late_ranks_a_few_are_named() -> None:
    text = said(sight(0, "wait"), *(sight(rank, "callbacks", "validation") for rank in range(1, 9)))
    assert text is not None and text.count("pid") == 4 and "; 4 more ranks too; rank 0 waits" in text
    assert "in 'validation' within 'callbacks' of step 17" in text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_the_state_of_a_process_is_told_when_it_cannot_go_on() -> None:
    assert stall.state_of(os.getpid()) == ""
    assert stall.state_of(2**22 + 1) == "its process is gone"
