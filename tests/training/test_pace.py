"""What the progress line says of waiting and of the slowest process."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.distributed.serial import SerialCommunicator
from dtrain.training.pace import Pace, describe
from tests.distributed.group import run_ranks


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ([[10.0, 1.0], [10.0, 0.0], [10.0, 1.0]], "wait 7 % (rank 1 slowest by 11 %)"),
        ([[10.0, 0.1], [10.0, 0.0]], "wait 0 %"),
        ([[0.0, 0.0], [0.0, 0.0]], "wait 0 %"),
    ],
)
def test_a_rank_is_named_when_its_own_work_takes_longer_than_that_of_the_others(times: object, text: str) -> None:
    assert describe(np.array(times)) == text


def test_a_process_that_runs_alone_waits_for_nobody() -> None:
    assert Pace().summary(SerialCommunicator()) == ""


def test_spares_which_only_wait_are_left_out() -> None:
    assert [Pace().summary(SerialCommunicator())] * 2 == run_ranks(2, lambda ranks: Pace().summary(ranks), spares=1)
    assert all(text.startswith("wait 0 %") for text in run_ranks(3, lambda ranks: Pace().summary(ranks), spares=1))
