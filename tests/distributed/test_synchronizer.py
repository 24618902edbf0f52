"""Gradient sums by slices: every element once, whatever the order and the bucket size."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.reduction import Allreduce
from dtrain.distributed.serial import SerialCommunicator
from dtrain.distributed.synchronizer import BUCKET_BYTES, Synchronizer
from tests.distributed.group import ThreadCommunicator, run_ranks


def make(ranks: Communicator, count: int, bucket_bytes: int = BUCKET_BYTES) -> Synchronizer:
    """A synchronizer of `count` zeros."""
    reduction = Allreduce(ranks)
    reduction.gradients(count, np.float32)
    return Synchronizer(ranks, reduction, bucket_bytes)


@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(1, 4),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    order=st.randoms(use_true_random=False),
    announced=st.integers(0, 7),
    bucket_bytes=st.integers(1, 200),
)
def test_every_element_is_summed_once(size: int, cuts: list[int], order, announced: int, bucket_bytes: int) -> None:
    edges = sorted({0, 40, *cuts})
    parts = [slice(a, b) for a, b in pairwise(edges)]
    order.shuffle(parts)

    def body(ranks: ThreadCommunicator) -> np.ndarray:
        synchronizer = make(ranks, 40, bucket_bytes)
        gradients = synchronizer.gradients
        for step in range(2):
            gradients[:] = np.arange(40) * (ranks.rank + 1) + step
            for part in parts[:announced]:
                synchronizer.on_ready(part)
            synchronizer.finish()
        return gradients

    expected = np.arange(40) * (size * (size + 1) // 2) + size
    for gradients in run_ranks(size, body):
        np.testing.assert_array_equal(gradients, expected)


def test_adjoining_slices_go_in_one_call() -> None:
    def body(ranks: ThreadCommunicator) -> list[int]:
        synchronizer = make(ranks, 30)
        for start in range(0, 30, 10):
            synchronizer.on_ready(slice(start, start + 10))
        synchronizer.finish()
        return ranks.calls

    assert run_ranks(2, body) == [[30], [30]]


def test_a_full_bucket_goes_before_the_end() -> None:
    def body(ranks: ThreadCommunicator) -> list[list[int]]:
        synchronizer = make(ranks, 30, bucket_bytes=80)
        seen = []
        for start in range(0, 30, 10):
            synchronizer.on_ready(slice(start, start + 10))
            seen.append(list(ranks.calls))
        synchronizer.finish()
        return [*seen, ranks.calls]

    assert run_ranks(2, body)[0] == [[], [20], [20], [20, 10]]


@pytest.mark.parametrize("bucket_bytes", [4, 10**6])
def test_a_slice_announced_twice_is_refused(bucket_bytes: int) -> None:
    def body(ranks: ThreadCommunicator) -> str:
        synchronizer = make(ranks, 30, bucket_bytes)
        synchronizer.on_ready(slice(0, 10))
        with pytest.raises(ValueError, match="once per step") as caught:
            synchronizer.on_ready(slice(5, 15))
        return str(caught.value)

    assert "slice(5, 15" in run_ranks(2, body)[0]


def test_one_rank_does_nothing() -> None:
    synchronizer = make(SerialCommunicator(), 4)
    gradients = synchronizer.gradients
    gradients[:] = np.arange(4)
    synchronizer.on_ready(slice(0, 4))
    synchronizer.on_ready(slice(0, 4))
    synchronizer.finish()
    np.testing.assert_array_equal(gradients, np.arange(4.0))


def test_a_bucket_of_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        make(SerialCommunicator(), 2, bucket_bytes=0)
