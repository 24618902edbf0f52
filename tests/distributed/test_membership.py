"""What is said when ranks are lost."""

from __future__ import annotations

import re

from dtrain.distributed.membership import Loss, Member, Place

RANKS = [Member(rank, "node", 100 + rank) for rank in range(4)]


def said(*left: int, workers: int | None = None) -> str:
    text = Loss(RANKS, "in step 3 of epoch 2", workers).describe([RANKS[rank] for rank in left])
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


def test_a_spare_that_takes_a_place_is_named_and_how_many_are_left() -> None:
    assert said(0, 2, 3, workers=2) == (
        "dtrain: rank 1 (host node, pid 101) is lost in step 3 of epoch 2: spare rank 2 takes its place, "
        "3 of 4 ranks go on, after X s (1 spare is left). Ranks 0, 2 and 3 are now ranks 0-2"
    )
    assert "are lost in step 3 of epoch 2: spare ranks 2 and 3 take their places, 2 of 4 ranks go on" in said(
        2, 3, workers=2
    )


def test_when_there_are_too_few_spares_some_places_stay_empty() -> None:
    assert "spare rank 3 takes 1 of 2 places, 2 of 4 ranks go on, after X s (no spare is left). Ranks" in said(
        0, 3, workers=3
    )


def test_a_spare_that_is_lost_is_called_one() -> None:
    assert said(0, 1, 2, workers=2) == (
        "dtrain: rank 3 (host node, pid 103), a spare, is lost in step 3 of epoch 2: "
        "3 of 4 ranks go on, after X s (1 spare is left)"
    )
    both = "rank 1 (host node, pid 101) and rank 3 (host node, pid 103), a spare, are lost in step 3 of epoch 2: "
    assert f"{both}spare rank 2 takes its place, 2 of 4 ranks go on" in said(0, 2, workers=2)


def test_without_spares_nothing_is_said_of_them() -> None:
    assert said(0, 1, 2, workers=4) == said(0, 1, 2)


def test_a_place_is_a_step_or_a_validation() -> None:
    place = Place()
    assert str(place) == "before the first step"
    place.begin_step(1, 2)
    assert str(place) == "in step 3 of epoch 2"
    place.enter("validation")
    assert str(place) == "in the validation of epoch 2"
    place.leave("validation")
    assert str(place) == "in step 3 of epoch 2"
