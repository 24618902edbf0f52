"""Layers of several inputs, where Keras 2 had them; the module is callable, since in Keras 1 `merge` was a function."""

import sys
from types import ModuleType
from typing import Any

from .merging.merge import merge
from .old_paths import old_path

__getattr__ = old_path(
    __name__,
    "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average concatenate dot maximum minimum "
    "multiply subtract",
)


class _Merge(ModuleType):
    """A module that is called as the function that has its name in `layers`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return merge(*args, **kwargs)


sys.modules[__name__].__class__ = _Merge
