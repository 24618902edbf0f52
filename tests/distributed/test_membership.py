"""What is said when ranks are lost."""

from __future__ import annotations

import re

from dtrain.distributed.membership import Loss, Member, Place

RANKS = [Member(rank, "node", 100 + rank) for rank in range(4)]


def said(*left: int) -> str:
    text = Loss(RANKS, "in step 3 of epoch 2").describe([RANKS[rank] for rank in left])
    return re.sub(r"\d\.\d\d s", "X s", text)


def test_the_lost_rank_the_place_and_the_new_numbers_are_named() -> None:
    assert said(0, 2, 3) == (
        "dtrain: rank 1 (host node, pid 101) is lost in step 3 of epoch 2: 3 of 4 ranks go on, after X s. "
        "Ranks 0, 2 and 3 are now ranks 0-2"
    )


def test_ranks_that_keep_their_numbers_are_not_listed() -> None:
    assert said(0, 1, 2).endswith("3 of 4 ranks go on, after X s")


def test_several_ranks_may_be_lost_at_once() -> None:
    assert said(3) == (
        "dtrain: rank 0 (host node, pid 100) and rank 1 (host node, pid 101) and rank 2 (host node, pid 102) are lost "
        "in step 3 of epoch 2: rank 3 alone goes on, after X s, as rank 0"
    )


def test_a_place_is_a_step_or_a_validation() -> None:
    place = Place()
    assert str(place) == "before the first step"
    place.begin_step(1, 2)
    assert str(place) == "in step 3 of epoch 2"
    place.enter("validation")
    assert str(place) == "in the validation of epoch 2"
    place.leave("validation")
    assert str(place) == "in step 3 of epoch 2"
