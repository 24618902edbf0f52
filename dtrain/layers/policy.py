"""The dtype that a layer is given, as a name."""

from __future__ import annotations

from typing import Any

import numpy as np


def policy_name(dtype: Any) -> str:
    """The name of a float dtype given as None, a name, a NumPy dtype, or Keras's serialized `DTypePolicy`.

    Raises:
        ValueError: for what is not float32 or float64.
    """
    if dtype is None:
        from dtrain import config

        return config.dtype_policy_name()
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    name = getattr(dtype, "name", dtype)
    if isinstance(dtype, type):
        name = np.dtype(dtype).name
    if name not in ("float32", "float64"):
        raise ValueError(f"Expected a dtype 'float32' or 'float64'. Received: dtype={dtype!r}")
    return str(name)
