"""Lookup in a table, and the sum of gradients by row."""

import numpy as np
import pytest

from dtrain.kernels.numpy import embedding as kernels
from dtrain.ops.embedding import embedding_lookup
from tests.ops.gradcheck import check, check_divided


@pytest.mark.parametrize("shape", [(4, 6), (5,), (), (0, 3)])
def test_lookup_and_gradient(shape):
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 5, shape), rng.normal(size=(5, 3))
    (y,) = check(embedding_lookup, x, w)
    np.testing.assert_array_equal(y, w[x])


@pytest.mark.parametrize("block_bytes", [64, 1 << 18])
@pytest.mark.parametrize("draw", ["equal", "skewed", "even"])
def test_gradient_of_numbers_that_come_often_equals_a_loop(draw, block_bytes, monkeypatch):
    monkeypatch.setattr(kernels, "_BLOCK_BYTES", block_bytes)
    rng = np.random.default_rng(1)
    x = {"equal": np.full(100, 3), "skewed": np.minimum(rng.zipf(1.5, 200), 39), "even": rng.integers(0, 40, 200)}[draw]
    dy, dw = rng.normal(size=(len(x), 4)), np.full((40, 4), np.nan)
    kernels.scatter_add(x, dy, dw, np.full((2, kernels.block_rows(4, 8), 4), np.nan))
    expected = np.zeros((40, 4))
    np.add.at(expected, x, dy)
    np.testing.assert_allclose(dw, expected, atol=1e-12)


def test_divided_rows():
    rng = np.random.default_rng(0)
    check_divided(embedding_lookup, rng.integers(0, 7, (5, 3)), rng.normal(size=(7, 2)), batched=(True, False))


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_out_of_range_is_named(index):
    with pytest.raises(IndexError, match=rf"\[0, 5\).*index {index}"):
        embedding_lookup(np.array([0, index, 2]), np.ones((5, 2)))


def test_floats_are_refused():
    with pytest.raises(TypeError, match="float64"):
        embedding_lookup(np.array([0.0]), np.ones((5, 2)))
