"""Losses: functions of targets and predictions, classes that reduce them to one number, and their names."""

from __future__ import annotations

from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import resolve

from .focal import binary_focal_crossentropy, categorical_focal_crossentropy
from .focal_losses import BinaryFocalCrossentropy, CategoricalFocalCrossentropy
from .hinge_losses import CategoricalHinge, Hinge, SquaredHinge
from .loss import Loss
from .margins import categorical_hinge, hinge, squared_hinge
from .overlap import dice, tversky
from .overlap_losses import Dice, Tversky
from .probabilistic import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from .probabilistic_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from .regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from .regression_losses import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)
from .similarity import Circle, circle
from .wrapper import LossFunctionWrapper

__all__ = [
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber",
    "KLDivergence", "LogCosh", "Loss", "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge",
    "Tversky", "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "categorical_hinge", "circle",
    "cosine_similarity", "deserialize", "dice", "get", "get_loss", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "poisson", "serialize", "sparse_categorical_crossentropy", "squared_hinge", "tversky",
]  # fmt: skip

_SHORT = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
_HELPERS = ("deserialize", "get", "get_loss", "serialize")
_KNOWN: dict[str, Any] = {
    **{name: globals()[name] for name in __all__ if name not in _HELPERS},
    **_SHORT,
    **{name.upper(): function for name, function in _SHORT.items()},
}


def get(identifier: Any) -> Any:
    """The loss (a function or a `Loss`) meant by a name, a configuration, a class or an object; None stays None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    return resolve(identifier, _KNOWN, "loss")


def get_loss(identifier: Any) -> Any:
    """As `get`, but a function becomes a `Loss` that bears the given name; `"crossentropy"` and `"ce"` are known too.

    Those two become the binary, sparse categorical or categorical cross-entropy when they see the shapes.
    """
    short = isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce")
    found = crossentropy if short else get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", type(found).__name__)
    return LossFunctionWrapper(found, name=name)


def serialize(loss: Any) -> Any:
    """The configuration of a loss, or the name of a loss function, as plain values."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that `serialize` describes."""
    return deserialize_keras_object(name, custom_objects=custom_objects, module_objects=_KNOWN)
