"""Compiled kernels of rows: softmax, crossentropies, normalization, embeddings, sums of arrays."""

import numpy as np
import pytest

from tests.kernels.twins import SIZES, _native, compare, draw, garbage, setting, twins  # noqa: F401

ROWS = [(0, 4), (1, 1), (5, 3), (3, 10), (7, 100), (300, 130)]


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_softmax(shape):
    n = shape[0]
    x, dy = draw(*shape) * 10, draw(*shape, seed=1)
    compare("softmax", "softmax", [x, garbage(*shape), np.empty((n, 1), np.float32), -1], [1])
    y = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    compare("softmax", "softmax_gradient", [dy, y, garbage(*shape), np.empty((n, 1), np.float32), 1], [2], atol=1e-5)


def test_softmax_along_another_axis():
    x, row = draw(4, 5, 6), np.empty((4, 1, 6), np.float32)
    compare("softmax", "softmax", [x, garbage(4, 5, 6), row, 1], [1])


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_crossentropy_of_labels(shape):
    n, classes = shape
    labels = np.arange(n) % classes
    index = np.arange(n) * classes + labels
    x, dy = draw(n, classes) * 5, draw(n, seed=1)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) * 1.7
    p[: n // 3, 0] = 0  # clipped where the label is 0
    compare("crossentropy", "sparse_logits", [x, index, garbage(n), garbage(n, classes), np.empty(n, "f")], [2, 3])
    compare("crossentropy", "sparse_probabilities", [p, index, garbage(n), garbage(n), garbage(n)], [2, 3, 4])
    scale = p.sum(axis=1)
    q = p.reshape(-1)[index] / scale
    given = [dy, index, scale, q, np.empty(n, np.float32), garbage(n, classes)]
    compare("crossentropy", "sparse_probabilities_gradient", given, [5])


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_row_normalization(shape, center):
    n, d = shape
    x, gamma, beta, dy = draw(n, d) + 2, draw(d), draw(d, seed=1), draw(n, d, seed=2)
    given = [x, gamma, beta, garbage(n, d), garbage(n), garbage(n)]
    compare("row_normalization", "normalize_rows", given, [3, 4, 5], 1e-4, 1e-5, center=center, epsilon=1e-3)
    mean, scale = draw(n, seed=3), np.abs(draw(n, seed=4))
    given = [dy, x, gamma, mean, scale, garbage(n, d), garbage(d), garbage(d)]
    compare("row_normalization", "normalize_rows_gradient", given, [5, 6, 7], 1e-4, 1e-4, center=center)
    given = [dy, x, gamma, mean, scale, None, garbage(d), None]
    compare("row_normalization", "normalize_rows_gradient", given, [6], 1e-4, 1e-4, center=center)


@pytest.mark.parametrize("axis", [2, 1])
@pytest.mark.parametrize("shape", [(0, 2, 3), (1, 1, 1), (5, 7, 3), (3, 50, 40), (200, 9, 32)], ids=str)
def test_batch_normalization(shape, axis):
    x, dy, c = draw(*shape) + 3, draw(*shape, seed=1), shape[axis]
    mean, variance, gamma, beta = draw(c), np.abs(draw(c, seed=1)), draw(c, seed=2), draw(c, seed=3)
    count = x.size // c
    compare("normalization", "mean_part", [x, garbage(c)], [1], axis=axis, count=count)
    compare("normalization", "variance_part", [x, mean, garbage(c)], [2], axis=axis, count=count)
    given = [dy, mean, variance, x, gamma, garbage(*shape)]
    compare("normalization", "statistics_gradient", given, [5], 1e-4, 1e-5, axis=axis, count=count)
    given = [x, mean, variance, gamma, beta, garbage(*shape)]
    compare("normalization", "affine", given, [5], 1e-4, 1e-5, axis=axis, epsilon=1e-3)
    sums = [garbage(c) for _ in range(4)]
    given = [dy, x, mean, variance, gamma, garbage(*shape), *sums]
    compare("normalization", "affine_gradient", given, range(5, 10), 1e-3, 1e-3, axis=axis, epsilon=1e-3)
    given = [dy, x, mean, variance, gamma, None, None, None, sums[0], None]
    compare("normalization", "affine_gradient", given, [8], 1e-3, 1e-3, axis=axis, epsilon=1e-3)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
@pytest.mark.parametrize(("rows", "width", "number"), [(5, 1, 0), (1, 3, 4), (50, 33, 200), (3, 64, 1000)])
def test_embedding(rows, width, number, dtype):
    x = (np.random.default_rng(0).integers(0, rows, (number, 1))).astype(dtype)
    w, dy = draw(rows, width), draw(number, 1, width)
    compare("embedding", "gather", [x, w, garbage(number, 1, width)], [2], 0, 0)
    scratch = np.empty((2, 64, width), np.float32)
    compare("embedding", "scatter_add", [x, dy, garbage(rows, width), scratch], [2], 1e-4, 1e-4)


@pytest.mark.parametrize("wrong", [-1, 5])
def test_an_index_outside_of_the_table_is_named(wrong):
    x, y = np.array([0, wrong]), np.zeros((2, 3), np.float32)
    with pytest.raises(IndexError, match=f"Received: index {wrong}"):
        twins("embedding")[0].gather(x, draw(5, 3), y)


@pytest.mark.parametrize("n", [*SIZES, 100_003])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_sums_are_taken_in_the_order_of_the_terms(count, n):
    terms = [draw(n, seed=k) * 10**k for k in range(count)]
    expected = terms[0].copy()
    for term in terms[1:]:
        expected += term
    for module in twins("rows"):
        y, own = garbage(n), [t.copy() for t in terms]
        module.add_terms(own, y)
        np.testing.assert_array_equal(y, expected)
        module.add_terms(own, own[-1])
        np.testing.assert_array_equal(own[-1], expected)


@pytest.mark.parametrize("n", SIZES)
def test_masks(n):
    x, kept = draw(3, n), draw(3, n, seed=1) > 0
    compare("rows", "apply_mask", [x, kept, 1.25, garbage(3, n)], [3])
    compare("rows", "apply_mask", [x, kept[:1], 1.25, garbage(3, n)], [3])


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_integers_are_converted_and_scaled(dtype, n):
    x = np.random.default_rng(0).integers(0, 256, (3, n)).astype(dtype)
    compare("rows", "scaled", [x, 1 / 255, garbage(3, n)], [2], 0, 0)
    for module in twins("rows"):
        y = garbage(n, 3)
        module.scaled(x.T, 1 / 255, y)
        np.testing.assert_array_equal(y, x.T.astype(np.float32) * np.float32(1 / 255))


def test_sums_have_the_same_bits_with_any_number_of_threads():
    n, size, filters = 50, 20, 16
    x, dy, w = draw(n, size, size, 8), draw(n, size - 2, size - 2, filters), draw(3, 3, 8, filters)
    mean, variance, gamma = draw(8), np.abs(draw(8)), draw(8)
    results = []
    for threads in (1, 2, 3, 8):
        _native.limit_threads(threads)
        dw, db, dgamma, part, dx = garbage(*w.shape), garbage(filters), garbage(8), garbage(8), garbage(*x.shape)
        ways = {"strides": (1, 1), "padding": ((0, 0),) * 2, "dilation": (1, 1), "pool": None, "activation": "linear"}
        twins("convolution_gradient")[0].backward(dy, x, w, None, None, dx, dw, db, x, **ways, bias=True)
        norm = twins("normalization")[0]
        norm.mean_part(x, part, axis=3, count=7)
        norm.affine_gradient(x, x, mean, variance, gamma, None, None, None, dgamma, None, axis=3, epsilon=1e-3)
        each, ways = garbage(3, 3, 8, 1), {"strides": (1, 1), "padding": ((1, 1),) * 2, "dilation": (1, 1)}
        twins("depthwise")[0].weight_gradient(x, x, each, x, **ways)
        results.append(b"".join(a.tobytes() for a in (dw, db, dx, dgamma, part, each)))
    assert len(set(results)) == 1
