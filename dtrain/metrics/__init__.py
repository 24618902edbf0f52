"""Metrics: numbers about predictions that are collected over batches, and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from dtrain.losses.probabilistic import crossentropy_for, kind_of_targets
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils import identifiers

from .accuracy_metrics import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from .auc import AUC
from .confusion_metrics import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from .correlation_metrics import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from .f_score_metrics import F1Score, FBetaScore
from .hinge_metrics import CategoricalHinge, Hinge, SquaredHinge
from .hits import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .iou_metrics import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .metric import Metric
from .operating_points import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from .probabilistic_metrics import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from .r2_score import R2Score
from .reduction_metrics import Mean, MeanMetricWrapper, Sum
from .regression_metrics import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
from .totals import pack_parts, parts_of, totals

__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score",
    "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson",
    "Precision", "PrecisionAtRecall", "R2Score", "Recall", "RecallAtPrecision", "RootMeanSquaredError",
    "SensitivityAtSpecificity", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "binary_accuracy", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_accuracy", "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "concordance_correlation", "deserialize", "get", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "pack_parts", "parts_of", "pearson_correlation", "poisson", "resolve", "serialize", "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy", "squared_hinge",
    "top_k_categorical_accuracy", "totals",
]  # fmt: skip

_SHORT: dict[str, type] = {
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}
_KNOWN = identifiers.name_table(
    *(value for name in __all__ if isinstance(value := globals().get(name), type)),
    **_SHORT,
    **{name.upper(): cls for name, cls in _SHORT.items()},
)
_ACCURACIES: dict[str, Callable[[], Metric]] = {
    "binary": BinaryAccuracy,
    "sparse": SparseCategoricalAccuracy,
    "categorical": CategoricalAccuracy,
}


def get(identifier: Any) -> Any:
    """The metric meant by a name, a configuration, a class or an object; None stays None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return identifiers.resolve(identifier, _KNOWN, "metric")


def resolve(identifier: Any, y_true_shape: Any, y_pred_shape: Any) -> Metric:
    """The metric that `compile` means, for targets and predictions of these shapes.

    `"accuracy"` and `"acc"` become the binary, sparse categorical or categorical accuracy, `"crossentropy"` and `"ce"`
    the cross-entropy of that kind. A string is the metric's name in the logs; a function's name is its own.

    Raises:
        ValueError: for None, and for an unknown name, with those that look like it.
    """
    if identifier is None:
        raise ValueError("Expected a metric as a name, a function or an object. Received: None")
    short = str(identifier).lower()
    if short in ("accuracy", "acc"):
        found: Any = _ACCURACIES[kind_of_targets(y_true_shape, y_pred_shape)]()
    elif short in ("crossentropy", "ce"):
        found = crossentropy_for(y_true_shape, y_pred_shape)
    else:
        found = get(identifier)
    metric = found if isinstance(found, Metric) else MeanMetricWrapper(found)
    if isinstance(identifier, str):
        metric.name = identifier
    elif metric is not found:
        metric.name = str(getattr(found, "__name__", None) or getattr(found, "name", metric.name))
    return metric


def serialize(metric: Any) -> Any:
    """The configuration of a metric as plain values."""
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that `serialize` describes."""
    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=_KNOWN)
