"""Sums of gradients in memory that ranks share: the same numbers as MPI's, every part updated once."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.distributed.choice import choose
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.reduction import Allreduce, SharedMemory, own_part
from dtrain.distributed.shared_memory import allocate_shared
from tests.distributed.group import ThreadCommunicator, run_ranks

needs_memfd = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason=f"{sys.platform} has no memfd_create")


@given(count=st.integers(0, 500), size=st.integers(1, 9))
def test_the_parts_of_all_ranks_are_the_whole_and_share_no_cache_line(count: int, size: int) -> None:
    parts = [own_part(count, rank, size) for rank in range(size)]
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(count))
    assert all(part.start % 16 == 0 or part.start == count for part in parts)


@needs_memfd
@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(2, 4),
    count=st.sampled_from([0, 1, 15, 17, 1000, 70_001]),
    sharded=st.booleans(),
    cut=st.floats(0, 1),
)
def test_shared_sums_are_those_in_the_order_of_ranks(size: int, count: int, sharded: bool, cut: float) -> None:
    random = np.random.default_rng(count)
    terms = [random.normal(size=count).astype(np.float32) for _ in range(size)]
    expected = terms[0].copy()
    for term in terms[1:]:
        expected = expected + term
    middle = int(cut * count)

    def body(ranks: ThreadCommunicator) -> tuple[np.ndarray, slice]:
        way = SharedMemory(ranks, sharded)
        gradients = way.gradients(count, np.float32)
        gradients[:] = terms[ranks.rank]
        for part in (slice(middle, count), slice(0, middle)):
            way.add(part)
        region = way.region or slice(0, count)
        result = gradients[region].copy()
        way.publish()
        return result, region

    for result, region in run_ranks(size, body):
        np.testing.assert_array_equal(result, expected[region])


@needs_memfd
def test_what_one_rank_writes_all_ranks_see() -> None:
    def body(ranks: ThreadCommunicator) -> list[float]:
        memory = allocate_shared(ranks, 5, np.float64)
        memory[ranks.rank] = ranks.rank + 1
        ranks.Barrier()
        return memory.tolist()

    assert run_ranks(3, body) == [[1.0, 2.0, 3.0, 0.0, 0.0]] * 3


def test_without_memory_every_rank_gets_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", none)

    def body(ranks: ThreadCommunicator) -> str:
        with pytest.raises(SharedMemoryError, match="rank 0 of the host: .*No space left") as caught:
            allocate_shared(ranks, 5, np.float64)
        return str(caught.value)

    assert len(set(run_ranks(3, body))) == 1


def test_without_memory_gradients_are_added_by_mpi(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def none(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", none)
    found = run_ranks(2, lambda ranks: type(choose(ranks, 100, np.float32, True)))
    assert found == [Allreduce, Allreduce]
    assert "No space left" in capsys.readouterr().out


def test_a_reduction_asked_for_must_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)

    def body(ranks: ThreadCommunicator) -> None:
        with pytest.raises(SharedMemoryError):
            choose(ranks, 100, np.float32, True, "shared")

    run_ranks(2, body)


@needs_memfd
def test_the_choice_is_a_rule_so_that_bits_do_not_change_from_run_to_run() -> None:
    for _ in range(5):
        assert run_ranks(3, lambda ranks: type(choose(ranks, 1000, np.float32, True))) == [SharedMemory] * 3


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, allreduce, shared"):
        run_ranks(1, lambda ranks: choose(ranks, 10, np.float32, True, "ring"))
