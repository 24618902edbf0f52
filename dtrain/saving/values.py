"""Values of Python and NumPy that JSON has no form for, as `{"class_name": "__...__", "config"}`, and back."""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType, FunctionType
from typing import Any

import numpy as np

from dtrain.graph import Tensor, Variable, as_tensor
from dtrain.graph.symbolic import KerasTensor

from .lambda_code import load_lambda
from .safe_mode import in_safe_mode

Config = dict[str, Any]


def serialize_value(obj: Any) -> Any:
    """Values of Python and NumPy that JSON has no form for; None if `obj` is none of them."""
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        parts = {part: _number(getattr(obj, part)) for part in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if isinstance(obj, EllipsisType):
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, KerasTensor):
        history = obj._keras_history and [obj._keras_history[0].name, *obj._keras_history[1:]]
        place = {"shape": list(obj.shape), "dtype": obj.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": place}
    if isinstance(obj, (Tensor, Variable)):
        return {"class_name": "__tensor__", "config": {"value": obj.numpy().tolist(), "dtype": obj.dtype}}
    return None


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _read_keras_tensor(config: Config) -> KerasTensor:
    """A stand-in that says which output of which layer is meant, in `_pre_serialization_keras_history`."""
    tensor = KerasTensor(config["shape"], config["dtype"])
    tensor._pre_serialization_keras_history = config["keras_history"]  # type: ignore[attr-defined]
    return tensor


def _read_lambda(config: Config) -> FunctionType:
    if in_safe_mode() is not False:
        raise ValueError(
            "This configuration holds Python code (a lambda), which could do anything when it is loaded. "
            "If you trust its author, pass `safe_mode=False`."
        )
    return load_lambda(config["value"])


VALUE_READERS: dict[str, Callable[[Config], Any]] = {
    "__keras_tensor__": _read_keras_tensor,
    "__tensor__": lambda c: as_tensor(np.asarray(c["value"], c["dtype"])),
    "__numpy__": lambda c: np.asarray(c["value"], c["dtype"]),
    "__bytes__": lambda c: c["value"].encode("utf-8"),
    "__ellipsis__": lambda c: Ellipsis,
    "__slice__": lambda c: slice(c["start"], c["stop"], c["step"]),
    "__lambda__": _read_lambda,
}
