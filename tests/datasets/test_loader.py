"""Batches: together the ranks see every row of an epoch once, in the order that one process alone has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.datasets.loader import BatchLoader
from dtrain.datasets.sampler import batch_count, batch_rows, epoch_order, rank_rows


def collected(loader: BatchLoader, epoch: int, start: int = 0) -> list[tuple[int, int, int, list[int]]]:
    return [(step, first, rows, list(x)) for step, first, rows, (x, _) in loader.epoch(epoch, start)]


@given(
    rows=st.integers(1, 40),
    batch_size=st.integers(1, 50),
    size=st.integers(1, 5),
    shuffle=st.booleans(),
    epoch=st.integers(0, 3),
    sharded=st.booleans(),
)
def test_ranks_together_have_the_batches_of_one_process(
    rows: int, batch_size: int, size: int, shuffle: bool, epoch: int, sharded: bool
) -> None:
    arrays = [np.arange(rows), np.zeros((rows, 2))]
    alone = collected(BatchLoader(arrays, batch_size, shuffle, 7), epoch)
    assert sorted(row for *_, found in alone for row in found) == list(range(rows))
    shards = size + 2 if sharded else None
    parts = [collected(BatchLoader(arrays, batch_size, shuffle, 7, rank, size, shards), epoch) for rank in range(size)]
    assert {len(part) for part in parts} == {len(alone)} == {batch_count(rows, batch_size)}
    for step, (number, first, count, whole) in enumerate(alone):
        assert (number, first, count) == (step, 0, len(whole))
        assert [row for part in parts for row in part[step][3]] == whole
        assert [part[step][1] for part in parts] == list(np.cumsum([0, *(len(part[step][3]) for part in parts)]))[:-1]


def test_an_epoch_can_be_entered_in_its_middle() -> None:
    loader = BatchLoader([np.arange(20), np.zeros(20)], 3, True, 1)
    assert collected(loader, 2, start=4) == collected(loader, 2)[4:]
    assert collected(loader, 2, start=7) == []


def test_orders_differ_by_epoch_and_seed_and_repeat() -> None:
    orders = {tuple(epoch_order(30, seed, epoch, True)) for seed in (1, 2) for epoch in (0, 1)}
    assert len(orders) == 4 and tuple(epoch_order(30, 1, 0, True)) in orders
    assert list(epoch_order(4, 1, 0, False)) == [0, 1, 2, 3]


def test_the_order_of_an_epoch_never_changes_between_releases() -> None:
    assert epoch_order(10, 1, 2, True).tolist() == [9, 5, 3, 1, 7, 6, 2, 0, 4, 8]


def test_shuffled_rows_come_in_memory_that_is_used_again_and_others_as_views() -> None:
    x = np.arange(12.0)
    shuffled = [batch[3][0] for batch in BatchLoader([x], 4, True, 1).epoch(0)]
    assert all(np.shares_memory(shuffled[0], other) for other in shuffled)
    assert all(np.shares_memory(x, batch[3][0]) for batch in BatchLoader([x], 4, False, 1).epoch(0))


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_spare_goes_through_the_same_steps_with_no_rows_until_it_takes_a_place(shuffle: bool) -> None:
    x = np.arange(40).reshape(20, 2)
    spare, worker = BatchLoader([x], 8, shuffle, 1, 2, 2), BatchLoader([x], 8, shuffle, 1, 1, 2)
    for (step, first, total, [rows]), (step_of_worker, *_) in zip(spare.epoch(0), worker.epoch(0), strict=True):
        assert (step, first, rows.shape) == (step_of_worker, total, (0, 2))
    spare.take_place(1, 2)
    for [*place, [rows]], [*expected, [own]] in zip(spare.epoch(1), worker.epoch(1), strict=True):
        assert place == expected
        np.testing.assert_array_equal(rows, own)


@given(rows=st.integers(0, 50), size=st.integers(1, 9))
def test_shares_of_ranks_follow_each_other_and_differ_by_one_row(rows: int, size: int) -> None:
    parts = [rank_rows(rows, rank, size) for rank in range(size)]
    assert [start for start, _ in parts] + [rows] == [0] + [stop for _, stop in parts]
    lengths = {stop - start for start, stop in parts}
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_beyond_the_epoch_is_refused(step: int) -> None:
    assert batch_rows(10, 3, 3) == (9, 10)
    with pytest.raises(IndexError, match=rf"step must be in \[0, 4\)\. Received: step={step}"):
        batch_rows(10, 3, step)


@pytest.mark.parametrize(
    ("lengths", "batch_size", "message"),
    [([3, 4], 2, r"one number of rows. Received: \[3, 4\]"), ([], 2, "one number of rows"), ([3], 0, "batch_size=0")],
)
def test_what_makes_no_batches_is_refused(lengths: list[int], batch_size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BatchLoader([np.zeros(length) for length in lengths], batch_size, False, 1)
