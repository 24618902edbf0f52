"""Rows of ranks: runs of the batch, and with micro-shards runs of whole ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.datasets.sampler import part_rows, rank_rows, shard_rows


@given(rows=st.integers(0, 70), size=st.integers(1, 9), extra=st.integers(0, 9))
def test_ranks_hold_whole_micro_shards_one_after_the_other(rows: int, size: int, extra: int) -> None:
    shards = size + extra
    edges = {0, *(stop for _, stop in shard_rows(rows, shards))}
    parts = [part_rows(rows, rank, size, shards) for rank in range(size)]
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == rows
    assert {edge for part in parts for edge in part} <= edges
    lengths = [stop - start for start, stop in parts]
    assert lengths == sorted(lengths, reverse=True)  # so that rank 0's buffers are long enough for all


def test_without_micro_shards_the_rows_are_shared_evenly() -> None:
    assert [part_rows(10, rank, 3) for rank in range(3)] == [rank_rows(10, rank, 3) for rank in range(3)]


def test_fewer_micro_shards_than_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="8 for 9 ranks"):
        part_rows(10, 0, 9, 8)


@given(rows=st.integers(0, 70), workers=st.integers(1, 9), shards=st.sampled_from([None, 9, 12]))
def test_spares_have_no_rows_and_change_nothing_for_the_others(rows: int, workers: int, shards: int | None) -> None:
    parts = [part_rows(rows, rank, workers, shards) for rank in range(workers + 2)]
    assert parts[workers - 1][1] == rows
    assert parts[workers:] == [(rows, rows)] * 2
