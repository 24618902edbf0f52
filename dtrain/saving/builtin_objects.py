"""Where the classes and functions that a file names live in dtrain. A file never decides what is imported."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from itertools import islice
from types import FunctionType
from typing import Any

# Packages that may be searched, in this order when a file gives no module (the form of Keras 1 and 2).
_PACKAGES = (
    "layers",
    "models",
    "optimizers",
    "optimizers.schedules",
    "losses",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "dtype_policies",
    "random.seed",
)
_WITH_FUNCTIONS = ("activations", "losses", "metrics")
# Functions of these that are no activation, loss or metric: a file has no use for them.
_HELPERS = {"deserialize", "deserialize_keras_object", "get", "resolve", "serialize", "serialize_keras_object"}
_ROOTS = {"keras", "tf_keras", "tensorflow", "dtrain", "builtins"}
# What comes to the reader as one of these is a class of `keras` itself or of a folder that dtrain does not have.
_ALIASES = {"random": "random.seed", "engine": "models", "legacy": "layers", "keras": "models"}


def public_module(cls: type) -> str | None:
    """The module that Keras names for a class of dtrain (`keras.layers` for `Dense`); None for a user's class."""
    explicit = vars(cls).get("_keras_module")
    if explicit is not None:
        return str(explicit)
    parts = cls.__module__.split(".")
    if parts[0] != "dtrain":
        return None
    if parts[1:3] == ["optimizers", "schedules"]:
        return "keras.optimizers.schedules"
    if parts[1] == "models":
        return "keras"
    return f"keras.{parts[1]}" if parts[1] in {package.split(".")[0] for package in _PACKAGES} else None


def is_builtin_module(module: str | None) -> bool:
    """Whether `module`, as written in a file, means Keras or dtrain themselves rather than a user's code."""
    return module is None or module.split(".")[0] in _ROOTS


def find_class(name: str, module: str | None, only_there: bool = False) -> type | None:
    """The class of dtrain that a file calls `name`; the case of letters is ignored for optimizers only.

    Args:
        name: as written in the file.
        module: likewise; a hint at where to look first.
        only_there: look nowhere else.
    """
    for package in islice(_candidates(module), 1 if only_there else None):
        found = _lookup(package, name)
        if found is None and package == "optimizers":
            found = next((_lookup(package, n) for n in _names(package) if n.lower() == name.lower()), None)
        if isinstance(found, type):
            return found
    return None


def find_function(name: str, module: str | None) -> FunctionType | None:
    """The function of dtrain that a file calls `name` (activations, losses, metrics)."""
    for package in _candidates(module):
        if package in _WITH_FUNCTIONS and name not in _HELPERS:
            found = _lookup(package, name)
            if isinstance(found, FunctionType):
                return found
    return None


def nearest_names(name: str, module: str | None) -> list[str]:
    """Known names that look like `name`, for error messages."""
    known = {n for package in _candidates(module) for n in _names(package)}
    return difflib.get_close_matches(name, sorted(known), n=3)


def _candidates(module: str | None) -> Iterator[str]:
    segments = (module or "").split(".")
    hints = [_ALIASES.get(s, s) for s in reversed(segments)]
    if "schedules" in hints:
        hints.insert(0, "optimizers.schedules")
    first = [h for h in hints if h in _PACKAGES]
    yield from dict.fromkeys([*first, *_PACKAGES])


def _lookup(package: str, name: str) -> Any:
    """A public class or function of a package of dtrain; None where there is no such package or name."""
    if name.startswith("_"):
        return None
    found = getattr(_load(package), name, None)
    defined_in = str(getattr(found, "__module__", None) or "")
    return found if isinstance(found, (type, FunctionType)) and defined_in.startswith("dtrain.") else None


def _names(package: str) -> list[str]:
    module = _load(package)
    return [n for n in dir(module) if not n.startswith("_") and isinstance(getattr(module, n), type)]


def _load(package: str) -> Any:
    name = f"dtrain.{package}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
