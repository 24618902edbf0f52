"""Copies that differ in one bit are found at the next check, and named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.distributed.drift import DriftCheck, check_steps, quick_digest
from dtrain.distributed.errors import DesyncError
from dtrain.distributed.serial import SerialCommunicator
from tests.distributed.group import ThreadCommunicator, run_ranks


@given(size=st.integers(1, 40), bit=st.integers(0, 31), data=st.data())
def test_a_digest_depends_on_every_bit(size: int, bit: int, data: st.DataObject) -> None:
    array = np.arange(size, dtype=np.int32)
    other = array.copy()
    other[data.draw(st.integers(0, size - 1))] ^= np.array(1 << bit, np.uint32).view(np.int32)
    assert quick_digest([array]) != quick_digest([other])
    assert quick_digest([array, other]) != quick_digest([other, array])


def drifting(ranks: ThreadCommunicator, every: int, steps: int) -> tuple[int, str]:
    """The number of steps made, and the error."""
    weights = np.zeros(5, np.float32)
    check = DriftCheck(ranks, every, lambda: {"dense/kernel": weights}, lambda: [weights])
    for step in range(1, steps + 1):
        if step == 4 and ranks.rank == 1:
            weights[3] = 1e-30
        try:
            check.after_step(step)
        except DesyncError as error:
            return step, str(error)
    return steps, ""


@pytest.mark.parametrize(("every", "found_at"), [(1, 4), (3, 6), (4, 4), (100, 12), (0, 12)])
def test_a_difference_is_found_at_the_next_check(every: int, found_at: int) -> None:
    found = run_ranks(3, lambda ranks: drifting(ranks, every, 12))
    assert {step for step, _ in found} == {found_at}
    for _, text in found:
        assert text == "" if found_at == 12 else f"differ after step {found_at}" in text and "'dense/kernel'" in text


def test_an_epoch_ends_with_a_check_unless_one_was_just_made() -> None:
    def body(ranks: ThreadCommunicator) -> list[int]:
        calls: list[int] = []
        check = DriftCheck(ranks, 5, dict, lambda: calls.append(1) or [])
        for step in (10, 11):
            check.at_end_of_epoch(0, step)
        return calls

    assert run_ranks(2, body) == [[1], [1]]


def test_one_process_has_nothing_to_compare() -> None:
    assert DriftCheck(SerialCommunicator(), 1, dict, list).every == 0


@pytest.mark.parametrize("text", ["-1", "often", "1.5", ""])
def test_a_wrong_number_of_steps_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DTRAIN_CHECK_STEPS", text)
    with pytest.raises(ValueError, match="DTRAIN_CHECK_STEPS must be"):
        check_steps()
