"""The arithmetic of the heavy ops: functions of arrays that write results into given arrays and know nothing of graphs.

`DTRAIN_KERNELS` names the implementation: `native`, the compiled one, or `numpy`. By default it is the compiled one
where the installation could build it.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from .numpy import windows

if TYPE_CHECKING:
    from .numpy import (
        activation_losses,
        bfloat16,
        convolution,
        convolution_gradient,
        crossentropy,
        dense,
        depthwise,
        elementwise,
        embedding,
        erf,
        gru,
        lstm,
        normalization,
        optimizer,
        pooling,
        row_normalization,
        rows,
        simple_rnn,
        smooth,
        softmax,
    )

_CHOICES = ("numpy", "native")
_TWINS = (
    "activation_losses",
    "bfloat16",
    "convolution",
    "convolution_gradient",
    "crossentropy",
    "dense",
    "depthwise",
    "elementwise",
    "embedding",
    "erf",
    "gru",
    "lstm",
    "normalization",
    "optimizer",
    "pooling",
    "row_normalization",
    "rows",
    "simple_rnn",
    "smooth",
    "softmax",
)

_wanted = os.environ.get("DTRAIN_KERNELS", "")
if _wanted and _wanted not in _CHOICES:
    raise ValueError(f"DTRAIN_KERNELS: expected one of: {', '.join(_CHOICES)}. Received: DTRAIN_KERNELS={_wanted}")


def _load() -> tuple[ModuleType, str]:
    """The package of the implementation, and why it is not the compiled one (or an empty text)."""
    try:
        if _wanted != "numpy":
            return import_module(".native", __name__), ""
        why = "DTRAIN_KERNELS=numpy"
    except ModuleNotFoundError:
        why = "the compiled kernels were not built: no C++ compiler when dtrain was installed"
    except ImportError as error:
        why = f"the compiled kernels cannot be loaded: {error}"
    if _wanted == "native":
        raise ImportError(f"DTRAIN_KERNELS=native, but {why}. Install dtrain anew, or unset the variable")
    return import_module(".numpy", __name__), why


_package, WHY_NOT_NATIVE = _load()
IMPLEMENTATION = _package.__name__.rpartition(".")[2]
for _name in _TWINS:
    globals()[_name] = import_module(f".{_name}", _package.__name__)

__all__ = [
    "IMPLEMENTATION",
    "WHY_NOT_NATIVE",
    "activation_losses",
    "bfloat16",
    "convolution",
    "convolution_gradient",
    "crossentropy",
    "dense",
    "depthwise",
    "elementwise",
    "embedding",
    "erf",
    "gru",
    "lstm",
    "normalization",
    "optimizer",
    "pooling",
    "row_normalization",
    "rows",
    "simple_rnn",
    "smooth",
    "softmax",
    "windows",
]
