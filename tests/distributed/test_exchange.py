"""Sums by slices and direct messages: in the order of ranks, the same bits on all of them, several at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.distributed import exchange
from dtrain.distributed.exchange import SliceExchange
from tests.distributed.group import ThreadCommunicator, run_ranks


@pytest.fixture(autouse=True)
def short_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a slice takes several."""
    monkeypatch.setattr(exchange, "_MESSAGE_BYTES", 256)


def draw(size: int, count: int) -> list[np.ndarray]:
    random = np.random.default_rng([size, count])
    return [(random.normal(size=count) * 10.0 ** random.integers(-3, 4)).astype(np.float32) for _ in range(size)]


def summed(terms: list[np.ndarray], cuts: list[int], compressed: bool) -> list[np.ndarray]:
    """What every rank has after two rounds of sums, each array cut into parts whose sums run at once."""
    edges = sorted({0, terms[0].size, *(cut % (terms[0].size + 1) for cut in cuts)})

    def body(ranks: ThreadCommunicator) -> np.ndarray:
        own = SliceExchange(ranks, compressed)
        array = np.empty_like(terms[0])
        for _ in range(2):
            array[:] = terms[ranks.rank]
            for start, stop in pairwise(edges):
                own.start(array[start:stop])
                own.poll()
            own.finish()
        return array

    return run_ranks(len(terms), body)


@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(2, 4),
    count=st.sampled_from([1, 15, 17, 300, 5000]),
    cuts=st.lists(st.integers(0, 5000), max_size=4),
)
def test_sums_are_those_in_the_order_of_ranks_however_arrays_are_cut(size: int, count: int, cuts: list[int]) -> None:
    terms = draw(size, count)
    expected = terms[0].copy()
    for term in terms[1:]:
        expected = expected + term
    for found in summed(terms, cuts, compressed=False):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=25)
@given(size=st.integers(2, 4), count=st.sampled_from([1, 17, 5000]), cuts=st.lists(st.integers(0, 5000), max_size=4))
def test_compressed_sums_are_the_same_on_all_ranks_and_within_their_error(
    size: int, count: int, cuts: list[int]
) -> None:
    terms = draw(size, count)
    exact = np.sum(terms, axis=0, dtype=np.float64)
    found = summed(terms, cuts, compressed=True)
    bound = 2.0**-8 * 1.01 * (np.abs(terms).sum(axis=0, dtype=np.float64) + np.abs(exact))
    assert (np.abs(found[0] - exact) <= bound).all()
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_a_nan_or_an_infinity_of_one_rank_reaches_all() -> None:
    terms = draw(3, 40)
    terms[1][5], terms[2][33] = np.nan, np.inf
    for found in summed(terms, [], compressed=True):
        assert np.isnan(found[5])
        assert found[33] == np.inf
        assert np.isfinite(found).sum() == 38
