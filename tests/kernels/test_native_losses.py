"""Compiled crossentropies, with and without the activation before them."""

import numpy as np
import pytest

from tests.kernels.twins import SIZES, compare, draw, garbage, setting, twins  # noqa: F401

ROWS = [(0, 4), (1, 1), (5, 3), (3, 10), (7, 100), (300, 130)]


def logits(*shape):
    """Some so large that probabilities are clipped on both sides."""
    x = draw(*shape)
    x[: len(x) // 2] *= 30
    return x


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True, initial=-np.inf))
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32])
def test_places_of_labels(dtype):
    labels = np.array([2, 0, 1, 2], dtype)
    for module in twins("crossentropy"):
        index = garbage(4, dtype=np.intp)
        assert module.places(labels, 3, index)
        assert index.tolist() == [2, 3, 7, 11]
        assert not module.places(labels, 2, index)
        assert module.places(labels[:0], 3, index[:0])


def test_a_negative_label_has_no_place():
    for module in twins("crossentropy"):
        assert not module.places(np.array([0, -1]), 3, garbage(2, dtype=np.intp))


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_softmax_of_labels(shape):
    n, classes = shape
    index = np.arange(n) * classes + np.arange(n) % classes
    given = [logits(*shape), index, garbage(*shape), garbage(n), garbage(n)]
    compare("activation_losses", "softmax_of_labels", given, [2, 3], 1e-5, 1e-6)
    given = [draw(n, seed=1), index, softmax(logits(*shape)), garbage(n), garbage(*shape)]
    compare("activation_losses", "softmax_of_labels_gradient", given, [4])


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_crossentropy_of_distributions(shape):
    n = shape[0]
    t, p = softmax(draw(*shape, seed=2)), softmax(logits(*shape))
    compare("activation_losses", "crossentropy", [t, p, garbage(n), garbage(*shape)], [2], 1e-5, 1e-6)
    given = [draw(n, seed=1), t, p, garbage(n), garbage(*shape), garbage(*shape)]
    compare("activation_losses", "softmax_crossentropy_gradient", given, [5])


@pytest.mark.parametrize("n", SIZES)
def test_crossentropy_of_two_classes(n):
    t, x, dy = (draw(n, seed=2) > 0).astype(np.float32), logits(n), draw(n, seed=1)
    p = np.append(softmax(np.stack([x, -x], 1))[:, 0][: max(0, n - 1)], np.float32([1] * (n > 0)))
    inside = garbage(n, dtype=np.bool_)
    compare("crossentropy", "binary_logits", [t, x, garbage(n), garbage(n)], [2])
    compare("crossentropy", "binary_probabilities", [t, p, garbage(n), garbage(n)], [2])
    compare("crossentropy", "binary_probabilities_gradient", [dy, t, p, garbage(n), inside, garbage(n)], [5])
    compare("activation_losses", "sigmoid_crossentropy", [t, x, garbage(n), garbage(n), garbage(n)], [2, 3], 1e-4)
    compare("activation_losses", "sigmoid_crossentropy_gradient", [dy, t, p, garbage(n), garbage(n)], [4])


def test_what_is_no_number_stays_none():
    x = np.array([[np.nan, 1, 2], [0, 1, 2]], np.float32)
    for module in twins("activation_losses"):
        p, y, binary = garbage(2, 3), garbage(2), garbage(2, 3)
        module.softmax_of_labels(x, np.array([1, 3]), p, y, garbage(2))
        assert np.isnan(y).tolist() == [True, False]
        module.sigmoid_crossentropy(np.zeros_like(x), x, p, binary, garbage(2, 3))
        assert np.isnan(binary).sum() == 1 and np.isnan(binary[0, 0])
