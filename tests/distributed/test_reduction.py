"""Sums of gradients in memory that ranks share: the same numbers as MPI's, every part updated once."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.distributed.choice import choose, wanted_reduction
from dtrain.distributed.errors import DesyncError, SharedMemoryError
from dtrain.distributed.parts import own_part
from dtrain.distributed.reduction import Allreduce
from dtrain.distributed.shared_memory import allocate_shared
from dtrain.distributed.shared_reduction import SharedMemory
from dtrain.distributed.synchronizer import Synchronizer
from tests.distributed.group import ThreadCommunicator, run_hosts, run_ranks

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
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("hosts", [(1, 1), (2, 2), (3, 1), (2, 3, 2)], ids=str)
def test_sums_over_hosts_are_updated_once_on_each_host(hosts: tuple[int, ...], sharded: bool, compressed: bool) -> None:
    count, size = 1003, sum(hosts)
    host_of = np.repeat(np.arange(len(hosts)), hosts)
    terms = np.random.default_rng(size).integers(-9, 10, (size, count)).astype(np.float32)  # small: any order is exact

    def body(ranks: ThreadCommunicator) -> tuple[np.ndarray, np.ndarray]:
        way = SharedMemory(ranks, sharded, compressed)
        gradients, values = way.gradients(count, np.float32), way.values(count, np.float32)
        synchronizer = Synchronizer(ranks, way, bucket_bytes=400)
        for _ in range(3):
            gradients[:] = terms[ranks.rank]
            if synchronizer.listener is not None:
                for start in range(0, 900, 100):
                    synchronizer.listener(slice(start, start + 100))
            synchronizer.finish()
            where = synchronizer.region or slice(0, count)
            values[where] += gradients[where]
            synchronizer.publish()
        before = values.copy()
        ranks.Barrier()
        return before, gradients.copy()

    found = [values for values, _ in run_hosts(hosts, body)]
    for values, host in zip(found, host_of, strict=True):
        np.testing.assert_array_equal(values, found[0], err_msg=f"host {host}")
    tolerance = 3 * 1.01 * 2.0**-8 * (np.abs(terms).sum(axis=0) + np.abs(terms.sum(axis=0))) if compressed else 0
    assert (np.abs(found[0] - 3 * terms.sum(axis=0)) <= tolerance).all()


def test_only_sums_between_hosts_begin_before_the_backward_pass_has_ended() -> None:
    def listens(ranks: ThreadCommunicator) -> bool:
        way = choose(ranks, 100, np.float32, True)
        return Synchronizer(ranks, way).listener is not None

    assert run_hosts([2, 1], listens) == [True] * 3
    assert run_ranks(3, listens) == [False] * 3


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
    with pytest.raises(ValueError, match="auto, allreduce, shared, bf16"):
        run_ranks(1, lambda ranks: choose(ranks, 10, np.float32, True, "ring"))


def test_ranks_that_want_different_reductions_are_told() -> None:
    def body(ranks: ThreadCommunicator) -> None:
        with pytest.raises(DesyncError, match="reduction"):
            choose(ranks, 10, np.float32, True, "shared" if ranks.rank else "allreduce")

    run_ranks(3, body)


def test_rounding_needs_float32() -> None:
    with pytest.raises(ValueError, match="float32.*float64"):
        run_ranks(2, lambda ranks: choose(ranks, 10, np.float64, True, "bf16"))


@pytest.mark.parametrize("given, variable, expected", [("auto", "shared", "shared"), ("bf16", "shared", "bf16")])
def test_the_argument_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, given: str, variable: str, expected: str
) -> None:
    monkeypatch.setenv("DTRAIN_REDUCTION", variable)
    assert wanted_reduction(given) == expected


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTRAIN_REDUCTION", "ring")
    with pytest.raises(ValueError, match="DTRAIN_REDUCTION must be one of auto"):
        wanted_reduction()
