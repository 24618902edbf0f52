"""Modules of layers where Keras 1 and 2 had them, such as `layers.core` for `Dense`: each use shows today's path."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def old_path(module: str, names: str, package: str = "dtrain.layers") -> Callable[[str], Any]:
    """`__getattr__` for an old module: its `names` come from `package`, with a warning.

    Args:
        module: `__name__` of the old module.
        names: separated by spaces.
    """
    known = names.split()

    def getattribute(name: str) -> Any:
        if name not in known:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(
            f"{module}: an older Keras's path. Write today: from {package} import {name}", UserWarning, stacklevel=2
        )
        return getattr(import_module(package), name)

    return getattribute
