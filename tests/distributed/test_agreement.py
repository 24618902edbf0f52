"""A step counts only if it is sound on all ranks, and the same step on all of them."""

import pytest

from dtrain.distributed.agreement import all_sound
from dtrain.distributed.errors import DesyncError
from tests.distributed.group import ThreadCommunicator, run_ranks


@pytest.mark.parametrize("special", [None, 0, 2])
def test_one_rank_decides_for_all(special: int | None) -> None:
    found = run_ranks(3, lambda ranks: all_sound(ranks, ranks.rank != special, 7))
    assert found == [special is None] * 3


@pytest.mark.parametrize("steps", [(4, 5, 6), (0, 0, 1), (2**31, 2**31, 2**31 + 1), (1, 3, 5)])
def test_ranks_at_different_steps_all_hear_of_it(steps: tuple[int, ...]) -> None:
    def body(ranks: ThreadCommunicator) -> str:
        with pytest.raises(DesyncError, match="not at the same step") as caught:
            all_sound(ranks, True, steps[ranks.rank])
        return str(caught.value)

    assert len(set(run_ranks(3, body))) == 1


def test_a_late_step_of_many_ranks_is_exact() -> None:
    assert run_ranks(4, lambda ranks: all_sound(ranks, True, 2**20 - 1)) == [True] * 4
