"""Counts at thresholds, and what is made of them, against the definitions in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import metrics

RNG = np.random.default_rng(0)
TRUE = RNG.integers(0, 2, (50, 3)).astype("float32")
PRED = RNG.uniform(0, 1, (50, 3)).astype("float32")
WEIGHTS = RNG.uniform(0, 2, 50).astype("float32")


def counts(threshold: float, true: Any = TRUE, pred: Any = PRED, weights: Any = WEIGHTS[:, None]) -> dict[str, float]:
    positive, label = pred > threshold, true > 0
    w = np.broadcast_to(weights, pred.shape).astype("float64")
    return {
        "TruePositives": w[positive & label].sum(),
        "FalsePositives": w[positive & ~label].sum(),
        "TrueNegatives": w[~positive & ~label].sum(),
        "FalseNegatives": w[~positive & label].sum(),
    }


@pytest.mark.parametrize("name", ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"])
@pytest.mark.parametrize("thresholds", [None, 0.3, [0.9, 0.1, 0.5], [0.0, 0.25, 0.5, 0.75, 1.0]])
def test_counts_are_sums_of_weights(name: str, thresholds: Any) -> None:
    metric = getattr(metrics, name)(thresholds=thresholds)
    metric.update_state(TRUE[:20], PRED[:20], sample_weight=WEIGHTS[:20])
    metric.update_state(TRUE[20:], PRED[20:], sample_weight=WEIGHTS[20:])
    several = thresholds if isinstance(thresholds, list) else [0.5 if thresholds is None else thresholds]
    expected = [counts(t)[name] for t in several]
    np.testing.assert_allclose(np.atleast_1d(metric.result().numpy()), expected, rtol=1e-6)


def test_more_rows_than_a_chunk_are_all_counted() -> None:
    metric = metrics.TruePositives()
    metric.update_state(np.ones((20_000, 2)), np.ones((20_000, 2)))
    assert float(metric.result()) == 40_000


@pytest.mark.parametrize("thresholds", [None, [0.0, 0.5, 1.0], [0.2, 0.7]])
def test_predictions_that_are_no_numbers_are_not_positive(thresholds: Any) -> None:
    metric = metrics.FalseNegatives(thresholds=thresholds)
    metric.update_state([1.0], [np.nan])
    assert np.all(metric.result().numpy() == 1)


def test_precision_and_recall_are_quotients_of_counts() -> None:
    precision, recall = metrics.Precision(), metrics.Recall(class_id=1)
    for metric in (precision, recall):
        metric.update_state(TRUE, PRED, sample_weight=WEIGHTS)
    c = counts(0.5)
    expected = c["TruePositives"] / (c["TruePositives"] + c["FalsePositives"])
    assert float(precision.result()) == pytest.approx(expected)
    c = counts(0.5, TRUE[:, 1:2], PRED[:, 1:2])
    assert float(recall.result()) == pytest.approx(c["TruePositives"] / (c["TruePositives"] + c["FalseNegatives"]))


def test_precision_of_nothing_is_zero() -> None:
    assert float(metrics.Precision().result()) == 0


def test_top_k_takes_the_first_of_equal_predictions() -> None:
    metric = metrics.Precision(top_k=2)
    metric.update_state([[1.0, 0.0, 1.0, 0.0]], [[0.1, 0.3, 0.3, 0.3]])
    assert float(metric.result()) == 0.5  # of columns 1 and 2, one is right


def exact_roc(true: Any, pred: Any) -> float:
    """The share of pairs of a positive and a negative that are in the right order."""
    positive, negative = pred[true > 0], pred[true == 0]
    return float(np.mean(positive[:, None] > negative[None, :]))


def test_auc_approaches_the_share_of_pairs_in_the_right_order() -> None:
    true, pred = TRUE[:, 0], np.clip(PRED[:, 0] * 0.6 + TRUE[:, 0] * 0.3, 0, 1)
    metric = metrics.AUC(num_thresholds=5000)
    metric.update_state(true, pred)
    assert float(metric.result()) == pytest.approx(exact_roc(true, pred), abs=2e-3)


@pytest.mark.parametrize(
    ("curve", "method", "expected"),
    [
        # Thresholds 0, 0.5, 1 count 2, 1, 0 true and 2, 0, 0 false positives of 2 and 2.
        ("ROC", "interpolation", 0.75),
        ("ROC", "majoring", 1.0),
        ("ROC", "minoring", 0.5),
        ("PR", "minoring", 0.25),
        ("PR", "majoring", 1.0),
    ],
)
def test_auc_of_four_predictions_is_as_computed_by_hand(curve: str, method: str, expected: float) -> None:
    metric = metrics.AUC(num_thresholds=3, curve=curve, summation_method=method)
    metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_auc_of_several_labels_is_the_weighted_mean_of_theirs() -> None:
    single = []
    for column in range(3):
        metric = metrics.AUC(curve="PR")
        metric.update_state(TRUE[:, column], PRED[:, column])
        single.append(float(metric.result()))
    metric = metrics.AUC(curve="PR", multi_label=True, label_weights=[1.0, 2.0, 5.0])
    metric.update_state(TRUE, PRED)
    assert float(metric.result()) == pytest.approx(np.average(single, weights=[1, 2, 5]), rel=1e-6)


def test_auc_before_the_first_batch_is_zero() -> None:
    assert float(metrics.AUC().result()) == 0
    assert float(metrics.AUC(multi_label=True).result()) == 0


SENSITIVITY = ("TruePositives", "FalseNegatives")
SPECIFICITY = ("TrueNegatives", "FalsePositives")
PRECISION = ("TruePositives", "FalsePositives")


@pytest.mark.parametrize(
    ("name", "argument", "constrained", "wanted"),
    [
        ("SensitivityAtSpecificity", "specificity", SPECIFICITY, SENSITIVITY),
        ("SpecificityAtSensitivity", "sensitivity", SENSITIVITY, SPECIFICITY),
        ("PrecisionAtRecall", "recall", SENSITIVITY, PRECISION),
        ("RecallAtPrecision", "precision", PRECISION, SENSITIVITY),
    ],
)
def test_best_rate_under_a_constraint_is_searched_over_all_thresholds(
    name: str, argument: str, constrained: tuple[str, str], wanted: tuple[str, str]
) -> None:
    def rate(c: dict[str, float], names: tuple[str, str]) -> float:
        total = c[names[0]] + c[names[1]]
        return c[names[0]] / total if total else 0.0

    found = [counts(k / 20, weights=1.0) for k in range(21)]
    expected = max(rate(c, wanted) for c in found if rate(c, constrained) >= 0.5)
    metric = getattr(metrics, name)(**{argument: 0.5}, num_thresholds=21)
    metric.update_state(TRUE, PRED)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(thresholds=1.5), "thresholds=1.5"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds=1"),
        (lambda: metrics.AUC(curve="XYZ"), "curve='XYZ'"),
        (lambda: metrics.AUC(summation_method="none"), "summation_method='none'"),
        (lambda: metrics.AUC(num_labels=3), "num_labels=3"),
        (lambda: metrics.PrecisionAtRecall(1.2), "recall=1.2"),
        (lambda: metrics.Recall(class_id=1).update_state([1.0], [1.0]), "class_id"),
        (lambda: metrics.AUC(multi_label=True).update_state([1.0], [1.0]), "multi_label=True"),
        (lambda: metrics.Precision().update_state([1.0, 0.0], [1.0]), r"\(2,\).*\(1,\)"),
    ],
)
def test_bad_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
