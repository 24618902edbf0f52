"""Values of the losses against their formulas in NumPy (float64)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import losses
from tests.losses.samples import BINARY, CATEGORICAL, REGRESSION, SPARSE, distributions, labels, numbers, one_hot

TRUE, PRED = (a.astype("float64") for a in REGRESSION)
EPSILON = 1e-7


def values(function: str, *arrays: Any, **arguments: Any) -> Any:
    return getattr(losses, function)(*arrays, **arguments).numpy()


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


E = PRED - TRUE
UNIT = [y / np.linalg.norm(y, axis=-1, keepdims=True) for y in (TRUE, PRED)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("mean_squared_error", np.mean(E**2, -1)),
        ("mean_absolute_error", np.mean(np.abs(E), -1)),
        ("mean_absolute_percentage_error", 100 * np.mean(np.abs(E / TRUE), -1)),
        ("mean_squared_logarithmic_error", np.mean((np.log1p(PRED) - np.log1p(TRUE)) ** 2, -1)),
        ("log_cosh", np.mean(np.log(np.cosh(E)), -1)),
        ("huber", np.mean(np.where(np.abs(E) <= 1, E**2 / 2, np.abs(E) - 0.5), -1)),
        ("cosine_similarity", -np.sum(UNIT[0] * UNIT[1], -1)),
        ("poisson", np.mean(PRED - TRUE * np.log(PRED + EPSILON), -1)),
        ("kl_divergence", np.sum(TRUE * np.log(TRUE / PRED), -1)),
    ],
)
def test_distance_of_numbers_is_its_formula(function: str, expected: Any) -> None:
    np.testing.assert_allclose(values(function, *REGRESSION), expected, rtol=2e-5)


def test_huber_is_linear_beyond_delta() -> None:
    assert values("huber", [[0.0]], [[3.0]], delta=0.5) == pytest.approx([0.5 * 3 - 0.125])


def test_log_cosh_does_not_overflow() -> None:
    assert values("log_cosh", [[0.0]], [[300.0]]) == pytest.approx([300 - np.log(2)])


def test_categorical_crossentropy_divides_by_the_sum_of_the_predictions() -> None:
    y_true, p = CATEGORICAL
    expected = -np.log(np.sum(y_true * p, axis=-1))
    np.testing.assert_allclose(values("categorical_crossentropy", y_true, 3 * p), expected, rtol=1e-5)


def test_categorical_crossentropy_of_logits_is_that_of_their_softmax() -> None:
    y_true, x = CATEGORICAL[0], 5 * numbers(6, 4)
    smooth = y_true * 0.8 + 0.05
    expected = -np.sum(smooth * np.log(softmax(x)), axis=-1)
    got = values("categorical_crossentropy", y_true, x, from_logits=True, label_smoothing=0.2)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3), (2, 3, 1)])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_class_numbers_give_the_same_as_one_hot_rows(shape: tuple[int, ...], dtype: str) -> None:
    base = shape[:-1] if shape[-1] == 1 else shape
    p = distributions(*base, 4)
    got = values("sparse_categorical_crossentropy", labels(*base).reshape(shape).astype(dtype), p)
    np.testing.assert_allclose(got, values("categorical_crossentropy", one_hot(*base), p), rtol=1e-6)


def test_probabilities_of_zero_give_a_finite_loss() -> None:
    expected = [-np.log(EPSILON)]
    assert values("sparse_categorical_crossentropy", [0], [[0.0, 1.0]]) == pytest.approx(expected, rel=1e-5)
    assert values("binary_crossentropy", [[1.0]], [[0.0]]) == pytest.approx(expected, rel=1e-5)


def test_ignored_class_counts_neither_in_the_sum_nor_in_the_divisor() -> None:
    y_true, p = SPARSE
    keep = y_true != 1
    loss = float(losses.SparseCategoricalCrossentropy(ignore_class=1)(y_true, p))
    assert loss == pytest.approx(-np.mean(np.log(p[keep, y_true[keep]])), rel=1e-5)


def test_ignored_class_may_be_no_class_at_all() -> None:
    assert values("sparse_categorical_crossentropy", [-1, 0], [[0.5, 0.5]] * 2, ignore_class=-1) == pytest.approx(
        [0, np.log(2)]
    )


def test_binary_crossentropy_is_its_formula() -> None:
    y, x = BINARY[0].astype("float64"), (4 * BINARY[1] - 2).astype("float64")
    y_smooth, p = y * 0.9 + 0.05, sigmoid(x)
    expected = np.mean(-(y_smooth * np.log(p) + (1 - y_smooth) * np.log(1 - p)), axis=-1)
    got = values("binary_crossentropy", y, x, from_logits=True, label_smoothing=0.1)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    np.testing.assert_allclose(values("binary_crossentropy", y, p, label_smoothing=0.1), expected, rtol=1e-5)


def test_focal_losses_weigh_the_crossentropy_by_what_is_missing_to_certainty() -> None:
    y, p = (a.astype("float64") for a in BINARY)
    p_t = np.where(y == 1, p, 1 - p)
    weight = np.where(y == 1, 0.3, 0.7)
    expected = np.mean(-weight * (1 - p_t) ** 1.5 * np.log(p_t), axis=-1)
    got = values("binary_focal_crossentropy", y, p, apply_class_balancing=True, alpha=0.3, gamma=1.5)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    y_true, p = CATEGORICAL
    p_t = np.sum(y_true * p, axis=-1)
    got = values("categorical_focal_crossentropy", y_true, p, alpha=0.5)
    np.testing.assert_allclose(got, -0.5 * (1 - p_t) ** 2 * np.log(p_t), rtol=1e-5)


def test_hinge_takes_zero_and_one_as_signs() -> None:
    y, p = BINARY
    expected = np.mean(np.maximum(1 - (2 * y - 1) * p, 0), axis=-1)
    np.testing.assert_allclose(values("hinge", y, p), expected, rtol=1e-6)
    np.testing.assert_allclose(values("hinge", 2 * y - 1, p), expected, rtol=1e-6)
    squares = np.mean(np.maximum(1 - (2 * y - 1) * p, 0) ** 2, axis=-1)
    np.testing.assert_allclose(values("squared_hinge", y, p), squares, rtol=1e-6)


def test_categorical_hinge_compares_the_true_class_with_the_best_other() -> None:
    y_true, p = CATEGORICAL
    pos, neg = np.sum(y_true * p, -1), np.max((1 - y_true) * p, -1)
    np.testing.assert_allclose(values("categorical_hinge", y_true, p), np.maximum(neg - pos + 1, 0), rtol=1e-6)


def test_dice_and_tversky_measure_overlap() -> None:
    y, p = (a.astype("float64") for a in BINARY)
    both = np.sum(y * p)
    assert values("dice", y, p) == pytest.approx(1 - 2 * both / (y.sum() + p.sum()), rel=1e-5)
    expected = 1 - both / (both + 0.3 * np.sum(y * (1 - p)) + 0.6 * np.sum((1 - y) * p))
    assert values("tversky", y, p, alpha=0.3, beta=0.6) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(
        values("dice", y, p, axis=(1,)), 1 - 2 * np.sum(y * p, 1) / (y.sum(1) + p.sum(1)), rtol=1e-5
    )


def test_circle_loss_compares_every_pair_of_rows() -> None:
    y_true = np.array([0, 0, 1, 1])
    e = np.random.default_rng(0).normal(size=(4, 3))
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    distance = np.maximum(1 - e @ e.T, 0)
    expected = []
    for i in range(4):
        same = (y_true == y_true[i]) & (np.arange(4) != i)
        near = 8 * (0.4 + distance[i]) * (distance[i] - 0.4)
        far = 8 * np.maximum(1.4 - distance[i], 0) * (0.6 - distance[i])
        expected.append(np.log1p(np.sum(np.exp(near[same])) * np.sum(np.exp(far[y_true != y_true[i]]))))
    np.testing.assert_allclose(values("circle", y_true, e, gamma=8), expected, rtol=1e-6)


def test_generalized_crossentropy_is_its_formula() -> None:
    y_true, p = SPARSE
    p_t = p[np.arange(6), y_true].astype("float64")
    got = losses.CategoricalGeneralizedCrossEntropy(q=0.4, reduction="none")(y_true, p).numpy()
    np.testing.assert_allclose(got, (1 - p_t**0.4) / 0.4, rtol=1e-5)
