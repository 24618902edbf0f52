"""Batches of targets and predictions that suit each metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS, CLASSES = 6, 4
Make = Callable[[Any], tuple[Any, Any]]


def numbers(rng: Any) -> tuple[Any, Any]:
    y_true, y_pred = rng.uniform(0.05, 0.95, (2, ROWS, CLASSES)).astype("float32")
    return y_true, y_pred


def binary(rng: Any) -> tuple[Any, Any]:
    return rng.integers(0, 2, (ROWS, CLASSES)).astype("float32"), numbers(rng)[1]


def one_binary(rng: Any) -> tuple[Any, Any]:
    return rng.integers(0, 2, ROWS).astype("float32"), rng.uniform(0, 1, (ROWS, 1)).astype("float32")


def probabilities(rng: Any) -> Any:
    p = numbers(rng)[1]
    return p / p.sum(axis=-1, keepdims=True)


def categorical(rng: Any) -> tuple[Any, Any]:
    return np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, ROWS)], probabilities(rng)


def sparse(rng: Any) -> tuple[Any, Any]:
    return rng.integers(0, CLASSES, ROWS), probabilities(rng)


def class_pairs(rng: Any) -> tuple[Any, Any]:
    return rng.integers(0, CLASSES, (ROWS, 3)), rng.integers(0, CLASSES, (ROWS, 3))


def equal_numbers(rng: Any) -> tuple[Any, Any]:
    return rng.integers(0, 2, (ROWS, 3)), rng.integers(0, 2, (ROWS, 3)).astype("float32")


METRICS: list[tuple[str, dict[str, Any], Make]] = [
    ("MeanSquaredError", {}, numbers),
    ("RootMeanSquaredError", {}, numbers),
    ("MeanAbsoluteError", {}, numbers),
    ("MeanAbsolutePercentageError", {}, numbers),
    ("MeanSquaredLogarithmicError", {}, numbers),
    ("CosineSimilarity", {}, numbers),
    ("LogCoshError", {}, numbers),
    ("Poisson", {}, numbers),
    ("KLDivergence", {}, numbers),
    ("PearsonCorrelation", {}, numbers),
    ("ConcordanceCorrelation", {}, numbers),
    ("R2Score", {}, numbers),
    ("R2Score", {"class_aggregation": None}, numbers),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, numbers),
    ("Hinge", {}, binary),
    ("SquaredHinge", {}, binary),
    ("CategoricalHinge", {}, categorical),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, binary),
    ("BinaryCrossentropy", {"from_logits": True}, one_binary),
    ("CategoricalCrossentropy", {}, categorical),
    ("SparseCategoricalCrossentropy", {}, sparse),
    ("Accuracy", {}, equal_numbers),
    ("BinaryAccuracy", {"threshold": 0.3}, one_binary),
    ("BinaryAccuracy", {}, binary),
    ("CategoricalAccuracy", {}, categorical),
    ("SparseCategoricalAccuracy", {}, sparse),
    ("TopKCategoricalAccuracy", {"k": 2}, categorical),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse),
    ("TruePositives", {}, binary),
    ("TrueNegatives", {"thresholds": [0.8, 0.2]}, binary),
    ("FalsePositives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, one_binary),
    ("FalseNegatives", {"thresholds": 0.7}, one_binary),
    ("Precision", {}, binary),
    ("Precision", {"top_k": 2, "class_id": 1}, binary),
    ("Recall", {"thresholds": [0.3, 0.6]}, binary),
    ("Recall", {"class_id": 2}, binary),
    ("AUC", {}, one_binary),
    ("AUC", {"curve": "PR", "num_thresholds": 9}, binary),
    ("AUC", {"curve": "PRGAIN", "summation_method": "majoring"}, binary),
    ("AUC", {"thresholds": [0.1, 0.6, 0.3], "summation_method": "minoring"}, one_binary),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 3.0, 0.5]}, binary),
    ("AUC", {"multi_label": True, "curve": "PR", "from_logits": True, "num_labels": 4}, binary),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, binary),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 7}, binary),
    ("PrecisionAtRecall", {"recall": 0.4}, binary),
    ("RecallAtPrecision", {"precision": 0.4, "class_id": 1}, binary),
    ("F1Score", {}, categorical),
    ("F1Score", {"average": "micro", "threshold": 0.4}, categorical),
    ("FBetaScore", {"average": "weighted", "beta": 2.0}, categorical),
    ("FBetaScore", {"average": "macro"}, categorical),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, class_pairs),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 1, "dtype": "float32"}, class_pairs),
    ("BinaryIoU", {"threshold": 0.4}, binary),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1]}, categorical),
    ("OneHotMeanIoU", {"num_classes": 4}, categorical),
]
IDS = [f"{name}-{'-'.join(map(str, arguments.values()))}" for name, arguments, _ in METRICS]


def batches(make: Make, count: int = 3) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    return [make(rng) for _ in range(count)]


def row_weights(seed: int) -> Any:
    return np.random.default_rng(seed).uniform(0, 2, ROWS).astype("float32")
