"""Sums over micro-shards: one order of additions, whoever holds which of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.datasets.sampler import rank_shards
from dtrain.distributed import tree
from dtrain.distributed.serial import SerialCommunicator
from dtrain.distributed.tree import ShardTree
from tests.distributed.group import ThreadCommunicator, run_ranks


def parts_of(shards: int, length: int) -> Any:
    """Numbers of many magnitudes, so that another order of additions gives other bits."""
    numbers = np.random.default_rng(shards)
    return (numbers.normal(size=(shards, length)) * 10.0 ** numbers.integers(-6, 6, (shards, length))).astype("f4")


def by_definition(parts: Any) -> Any:
    parts, stride = parts.copy(), 1
    while stride < len(parts):
        for low in range(0, len(parts) - stride, 2 * stride):
            parts[low] += parts[low + stride]
        stride *= 2
    return parts[0]


def totals(shards: int, size: int, parts: Any) -> list[Any]:
    ranges = [rank_shards(shards, rank, size) for rank in range(size)]

    def body(ranks: ThreadCommunicator) -> Any:
        start, stop = ranges[ranks.rank]
        out = np.full(parts.shape[1], np.nan, parts.dtype)
        ShardTree(ranks, ranges).total(parts[start:stop].copy(), out)
        return out

    return run_ranks(size, body)


@settings(deadline=None, max_examples=60)
@given(shards=st.integers(1, 13), size=st.integers(1, 13), length=st.integers(0, 40))
def test_every_division_into_ranks_gives_the_bits_of_the_definition(shards: int, size: int, length: int) -> None:
    size = min(size, shards)
    parts = parts_of(shards, length)
    for total in totals(shards, size, parts):
        np.testing.assert_array_equal(total, by_definition(parts))


def test_the_bits_would_differ_in_the_order_of_ranks() -> None:
    parts = parts_of(8, 100)
    assert not np.array_equal(by_definition(parts), np.add.reduce(parts, axis=0))


@pytest.mark.parametrize("size", [1, 3])
def test_pieces_that_are_added_one_after_the_other_change_nothing(monkeypatch: Any, size: int) -> None:
    monkeypatch.setattr(tree, "_CHUNK", 7)
    monkeypatch.setattr(tree, "_MESSAGE", 15)
    parts = parts_of(8, 100)
    for total in totals(8, size, parts):
        np.testing.assert_array_equal(total, by_definition(parts))


@pytest.mark.parametrize(("size", "sent"), [(2, [1, 1]), (4, [1, 1, 1, 1]), (3, [2, 2, 1])])
def test_a_rank_sends_the_sums_of_whole_subtrees(size: int, sent: list[int]) -> None:
    ranges = [rank_shards(8, rank, size) for rank in range(size)]
    seen: list[int] = []

    class Listening(ThreadCommunicator):
        def Allgather_rows(self, local: Any, counts: Any) -> Any:
            seen.extend(counts if self.rank == 0 else [])
            return super().Allgather_rows(local, counts)

    def body(ranks: ThreadCommunicator) -> None:
        ranks.__class__ = Listening
        start, stop = ranges[ranks.rank]
        ShardTree(ranks, ranges).total(np.ones((stop - start, 3)), np.empty(3))

    run_ranks(size, body)
    assert seen == sent


@pytest.mark.parametrize(("workers", "spares"), [(1, 1), (3, 2)])
def test_a_rank_without_micro_shards_is_told_the_sum_and_adds_nothing(workers: int, spares: int) -> None:
    parts = parts_of(8, 5)
    ranges = [rank_shards(8, rank, workers) for rank in range(workers + spares)]

    def body(ranks: ThreadCommunicator) -> Any:
        start, stop = ranges[ranks.rank]
        held = parts[start:stop].copy() if start < stop else np.full((1, 5), np.nan, parts.dtype)
        arrays, out = list(held.copy()), np.empty(5, parts.dtype)
        tree = ShardTree(ranks, ranges)
        tree.total(held, out)
        tree.overwrite(arrays)
        return [out, *arrays]

    for found in run_ranks(workers + spares, body):
        for total in found:
            np.testing.assert_array_equal(total, by_definition(parts))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_arrays_of_any_shape_are_overwritten_by_their_sum(shape: tuple[int, ...]) -> None:
    arrays = [np.full(shape, float(k)) for k in range(5)]
    ShardTree(SerialCommunicator(), [(0, 5)]).overwrite(arrays)
    for array in arrays:
        np.testing.assert_array_equal(array, np.full(shape, 10.0))


@pytest.mark.parametrize("ranges", [[], [(0, 3), (3, 5)], [(1, 4)], [(0, 0)]])
def test_ranges_that_leave_something_out_are_refused(ranges: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="run of micro-shards"):
        ShardTree(SerialCommunicator(), ranges)
