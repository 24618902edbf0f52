"""First values of variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dtrain.graph import Tensor, Variable
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.identifiers import name_table, resolve

from .constant import Constant, Identity, Ones, Zeros
from .initializer import Initializer
from .orthogonal import Orthogonal
from .random import RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from .variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_KNOWN = name_table(
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Ones, Orthogonal,
    RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros,
    normal=RandomNormal, uniform=RandomUniform, one=Ones, zero=Zeros,
    IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The initializer meant by a name, a configuration, a class, a callable or an array (a `Constant`); None for None.

    Raises:
        ValueError: for an unknown name, with those that look like it.
    """
    if isinstance(identifier, (np.ndarray, np.generic, Tensor, Variable)):
        return Constant(np.asarray(identifier))
    return resolve(identifier, _KNOWN, "initializer")


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer."""
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that a configuration describes."""
    return deserialize_keras_object(config, custom_objects, module_objects=_KNOWN)
