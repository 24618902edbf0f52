"""How often predictions hit."""

from __future__ import annotations

from typing import Any

from . import hits
from .reduction_metrics import FunctionMetric


class Accuracy(FunctionMetric):
    """The share of predictions that equal the targets."""

    _direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(hits.accuracy, name, dtype)


class BinaryAccuracy(FunctionMetric):
    """The share of predictions on the side of `threshold` that the labels 0 and 1 tell."""

    _direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(hits.binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(FunctionMetric):
    """The share of rows whose highest prediction is that of the true class; one-hot targets."""

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(hits.categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(FunctionMetric):
    """The share of rows whose highest prediction is that of the true class; class numbers as targets."""

    _direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(hits.sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(FunctionMetric):
    """The share of rows whose true class is among the k highest predictions; one-hot targets."""

    _direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(hits.top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(FunctionMetric):
    """The share of rows whose true class is among the k highest predictions; class numbers as targets.

    Args:
        from_sorted_ids: the predictions are class numbers, the most probable one first.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(hits.sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k, self.from_sorted_ids = k, from_sorted_ids
