"""Settings under the names that older scripts use: `from keras import backend as K`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from dtrain.graph import promote
from dtrain.utils.dtypes import standardize_dtype
from dtrain.utils.naming import next_number
from dtrain.utils.session import clear_session
from dtrain.utils.symbolic import is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def get_uid(prefix: str = "") -> int:
    """How often it was asked for a number for this prefix: 1, 2, ..."""
    return next_number(prefix)


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of floats."""
    return np.dtype(standardize_dtype(dtype)).kind == "f"


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of integers, with sign or without."""
    return np.dtype(standardize_dtype(dtype)).kind in "iu"


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of operands of these dtypes; Python's `int` and `float` yield to the others."""
    if not dtypes:
        return floatx()
    strong = [np.dtype(standardize_dtype(d)) for d in dtypes if d not in (int, float, bool)]
    if not strong:
        return floatx() if float in dtypes else "int32" if int in dtypes else "bool"
    result = strong[0]
    for other in strong[1:]:
        result = promote(result, other)
    needs_float = float in dtypes and result.kind != "f"
    return floatx() if needs_float else "int32" if int in dtypes and result.kind == "b" else result.name
