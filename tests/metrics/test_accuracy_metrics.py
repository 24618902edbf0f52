"""How often predictions hit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import metrics

P = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.3, 0.3, 0.4], [0.2, 0.7, 0.1]], "float32")
LABELS = np.array([1, 2, 2, 0])


def result(metric: metrics.Metric, *arrays: Any) -> float:
    metric.update_state(*arrays)
    return float(metric.result())


def test_categorical_accuracy_compares_the_highest_entries() -> None:
    assert result(metrics.CategoricalAccuracy(), np.eye(3)[LABELS], P) == 0.5


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_sparse_accuracy_takes_class_numbers(shape: tuple[int, ...], dtype: str) -> None:
    assert result(metrics.SparseCategoricalAccuracy(), LABELS.reshape(shape).astype(dtype), P) == 0.5


def test_sparse_accuracy_of_sequences_is_that_of_all_time_steps() -> None:
    assert result(metrics.SparseCategoricalAccuracy(), LABELS.reshape(2, 2), P.reshape(2, 2, 3)) == 0.5


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_counts_the_k_best(k: int) -> None:
    rank = np.argsort(np.argsort(-P, axis=1), axis=1)[np.arange(4), LABELS]
    expected = np.mean(rank < k)
    assert result(metrics.SparseTopKCategoricalAccuracy(k=k), LABELS, P) == expected
    assert result(metrics.TopKCategoricalAccuracy(k=k), np.eye(3)[LABELS], P) == expected


def test_top_k_of_sorted_ids_looks_at_the_first_k() -> None:
    ids = np.array([[1, 2, 0], [0, 1, 2], [0, 2, 1], [1, 2, 0]])
    assert result(metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True), LABELS, ids) == 0.5


@pytest.mark.parametrize(("threshold", "expected"), [(0.5, 0.75), (0.42, 1.0)])
def test_binary_accuracy_is_about_the_side_of_the_threshold(threshold: float, expected: float) -> None:
    y_true, y_pred = np.array([0, 0, 1, 1]), np.array([[0.1], [0.4], [0.45], [0.9]])
    assert result(metrics.BinaryAccuracy(threshold=threshold), y_true, y_pred) == expected


def test_a_prediction_at_the_threshold_is_negative() -> None:
    assert result(metrics.BinaryAccuracy(), [[0.0]], [[0.5]]) == 1


def test_accuracy_counts_equal_numbers() -> None:
    assert result(metrics.Accuracy(), [1, 2, 3, 4], [1.0, 2.0, 0.0, 4.0]) == 0.75


@pytest.mark.parametrize(
    ("metric", "shape"),
    [
        (metrics.CategoricalAccuracy, (4,)),
        (metrics.SparseCategoricalAccuracy, (4, 3)),
        (metrics.TopKCategoricalAccuracy, (4,)),
        (metrics.SparseTopKCategoricalAccuracy, (5,)),
        (metrics.BinaryAccuracy, (4, 2)),
    ],
)
def test_targets_of_another_shape_are_named(metric: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as error:
        metric().update_state(np.zeros(shape, int), P)
    assert str(shape) in str(error.value) and str(P.shape) in str(error.value)
