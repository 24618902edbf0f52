"""Names of dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.config import floatx


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given as None (`floatx()`), a name, Python's `int` or `float`, or a dtype of any library.

    Raises:
        ValueError: for what is no dtype of numbers.
    """
    if dtype is None:
        return floatx()
    # By identity: NumPy's dtypes are equal to the types of Python that they stand for.
    if dtype is int or (isinstance(dtype, str) and dtype == "int"):
        return "int32"
    if dtype is float or (isinstance(dtype, str) and dtype == "float"):
        return floatx()
    if isinstance(dtype, str) and dtype == "string":
        return dtype
    foreign = not isinstance(dtype, (str, type, np.dtype))
    try:
        found = np.dtype(str(getattr(dtype, "name", dtype)).rpartition(".")[2] if foreign else dtype)
    except TypeError:
        raise ValueError(f"Expected a dtype. Received: dtype={dtype!r}") from None
    if found.kind not in "biufSUO":
        raise ValueError(f"Expected a dtype of numbers or strings. Received: dtype={dtype!r}")
    return "string" if found.kind in "SUO" else found.name
