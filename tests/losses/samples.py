"""Targets and predictions that suit each loss."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS, CLASSES = 6, 4


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(0.05, 0.95, shape).astype("float32")


def distributions(*shape: int, seed: int = 1) -> Any:
    p = numbers(*shape, seed=seed)
    return p / p.sum(axis=-1, keepdims=True)


def labels(*shape: int, seed: int = 2) -> Any:
    return np.random.default_rng(seed).integers(0, CLASSES, shape)


def one_hot(*shape: int, seed: int = 2) -> Any:
    return np.eye(CLASSES, dtype="float32")[labels(*shape, seed=seed)]


def signs(*shape: int, seed: int = 3) -> Any:
    return np.random.default_rng(seed).integers(0, 2, shape).astype("float32")


REGRESSION = (numbers(ROWS, CLASSES, seed=4), numbers(ROWS, CLASSES, seed=5))
CATEGORICAL = (one_hot(ROWS), distributions(ROWS, CLASSES))
SPARSE = (labels(ROWS), distributions(ROWS, CLASSES))
BINARY = (signs(ROWS, CLASSES), numbers(ROWS, CLASSES, seed=6))

LOSSES: list[tuple[str, dict[str, Any], tuple[Any, Any]]] = [
    ("MeanSquaredError", {}, REGRESSION),
    ("MeanAbsoluteError", {}, REGRESSION),
    ("MeanAbsolutePercentageError", {}, REGRESSION),
    ("MeanSquaredLogarithmicError", {}, REGRESSION),
    ("Huber", {"delta": 0.3}, REGRESSION),
    ("LogCosh", {}, REGRESSION),
    ("CosineSimilarity", {"axis": -1}, REGRESSION),
    ("Poisson", {}, REGRESSION),
    ("KLDivergence", {}, (distributions(ROWS, CLASSES, seed=7), distributions(ROWS, CLASSES))),
    ("Hinge", {}, BINARY),
    ("SquaredHinge", {}, BINARY),
    ("CategoricalHinge", {}, CATEGORICAL),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, BINARY),
    ("BinaryCrossentropy", {"from_logits": True}, BINARY),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, BINARY),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, CATEGORICAL),
    ("CategoricalCrossentropy", {"from_logits": True}, CATEGORICAL),
    ("CategoricalFocalCrossentropy", {}, CATEGORICAL),
    ("SparseCategoricalCrossentropy", {}, SPARSE),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 1}, SPARSE),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.4}, SPARSE),
    ("Dice", {}, BINARY),
    ("Dice", {"axis": (1,)}, BINARY),
    ("Tversky", {"alpha": 0.3, "beta": 0.6}, BINARY),
]
IDS = [f"{name}-{'-'.join(map(str, arguments))}" for name, arguments, _ in LOSSES]
