"""F-scores, R2, intersection over union, and distances, against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import metrics

RNG = np.random.default_rng(1)
LABELS, GUESSES = RNG.integers(0, 3, 40), RNG.integers(0, 3, 40)
ONE_HOT = np.eye(3)[LABELS]
SCORES = (np.eye(3)[GUESSES] + RNG.uniform(0, 0.5, (40, 3))).astype("float32")
PAIRS = np.array([[np.sum((i == LABELS) & (j == GUESSES)) for j in range(3)] for i in range(3)])
HITS, TRUE, GUESSED = np.diag(PAIRS), PAIRS.sum(axis=1), PAIRS.sum(axis=0)


def f_score(beta: float) -> Any:
    return (1 + beta**2) * HITS / ((1 + beta**2) * HITS + beta**2 * (TRUE - HITS) + (GUESSED - HITS))


@pytest.mark.parametrize(
    ("average", "expected"),
    [
        (None, f_score(2.0)),
        ("macro", np.mean(f_score(2.0))),
        ("weighted", np.average(f_score(2.0), weights=TRUE)),
        ("micro", HITS.sum() / 40),
    ],
)
def test_f_beta_is_made_of_hits_misses_and_false_alarms(average: str | None, expected: Any) -> None:
    metric = metrics.FBetaScore(average=average, beta=2.0)
    metric.update_state(ONE_HOT, SCORES)
    np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-5)


def test_f1_takes_all_predictions_above_the_threshold() -> None:
    metric = metrics.F1Score(average="micro", threshold=0.5)
    metric.update_state([[1.0, 0.0, 1.0]], [[0.9, 0.8, 0.1]])
    assert float(metric.result()) == pytest.approx(0.5, rel=1e-5)


def test_r2_is_one_minus_the_unexplained_share_of_the_variance() -> None:
    y_true = RNG.normal(1000, 1, (30, 2)).astype("float32")  # float32 squares would lose the variance
    y_pred = y_true + RNG.normal(0, 0.3, (30, 2)).astype("float32")
    metric = metrics.R2Score(class_aggregation=None)
    for rows in (slice(0, 7), slice(7, 30)):
        metric.update_state(y_true[rows], y_pred[rows])
    t, p = y_true.astype("float64"), y_pred.astype("float64")
    expected = 1 - np.sum((t - p) ** 2, 0) / np.sum((t - t.mean(0)) ** 2, 0)
    np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-5)


def test_adjusted_r2_falls_back_with_a_warning_when_samples_are_too_few() -> None:
    metric = metrics.R2Score(num_regressors=5)
    metric.update_state([[1.0], [2.0], [3.0]], [[1.0], [2.0], [2.0]])
    with pytest.warns(UserWarning, match="more than 6 samples"):
        assert float(metric.result()) == pytest.approx(0.5)


def test_iou_is_the_intersection_over_the_union_of_each_class() -> None:
    shares = HITS / (TRUE + GUESSED - HITS)
    metric = metrics.IoU(num_classes=3, target_class_ids=[0, 2])
    metric.update_state(LABELS.reshape(8, 5), GUESSES.reshape(8, 5))
    assert float(metric.result()) == pytest.approx((shares[0] + shares[2]) / 2, rel=1e-5)
    one_hot = metrics.OneHotMeanIoU(num_classes=3)
    one_hot.update_state(ONE_HOT, SCORES)
    assert float(one_hot.result()) == pytest.approx(np.mean(shares), rel=1e-5)


def test_iou_leaves_out_ignored_and_unknown_classes() -> None:
    metric = metrics.MeanIoU(num_classes=2, ignore_class=255)
    metric.update_state([0, 1, 1, 255, 7], [0, 1, 0, 0, 0])
    assert float(metric.result()) == pytest.approx(0.5, rel=1e-5)


def test_iou_keeps_fractions_of_weights() -> None:
    metric = metrics.BinaryIoU(target_class_ids=[1])
    metric.update_state([1, 1, 0], [0.9, 0.1, 0.9], sample_weight=[0.5, 0.25, 0.25])
    assert float(metric.result()) == pytest.approx(0.5, rel=1e-5)


def test_root_of_the_mean_square_is_taken_after_the_mean() -> None:
    metric = metrics.RootMeanSquaredError()
    metric.update_state([[0.0], [0.0]], [[3.0], [3.0]])
    metric.update_state([[0.0]], [[0.0]])
    assert float(metric.result()) == pytest.approx(np.sqrt(6))


def test_cosine_similarity_is_one_for_the_same_direction() -> None:
    assert float(metrics.CosineSimilarity()([[1.0, 2.0]], [[2.0, 4.0]])) == pytest.approx(1)


def test_correlations_are_one_for_equal_rows_and_pearsons_ignores_scale() -> None:
    y = RNG.normal(size=(4, 6)).astype("float32")
    assert float(metrics.PearsonCorrelation()(y, 3 * y + 1)) == pytest.approx(1, rel=1e-5)
    assert float(metrics.ConcordanceCorrelation()(y, y)) == pytest.approx(1, rel=1e-5)
    assert float(metrics.ConcordanceCorrelation()(y, 3 * y + 1)) < 0.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.FBetaScore(average="mean"), "average='mean'"),
        (lambda: metrics.FBetaScore(beta=-1.0), "beta=-1.0"),
        (lambda: metrics.F1Score(threshold=2.0), "threshold=2.0"),
        (lambda: metrics.F1Score().update_state([1.0], [1.0]), r"\(rows, classes\)"),
        (lambda: metrics.R2Score(class_aggregation="mean"), "class_aggregation='mean'"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors=-1"),
        (lambda: metrics.R2Score().update_state([1.0], [1.0]), r"\(rows, columns\)"),
        (lambda: metrics.IoU(num_classes=2, target_class_ids=[2]), r"target_class_ids=\[2\]"),
        (lambda: metrics.MeanIoU(num_classes=2).update_state([0, 1], [0]), r"\(2,\).*\(1,\)"),
    ],
)
def test_bad_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
