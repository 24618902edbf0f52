"""What functions and constructors take: configurations from other versions, hooks that were written without some."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Whether a function takes an argument of this name."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def known_arguments(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `config` that the constructor of `cls` takes.

    An unknown entry that holds None, False or nothing at all asks for nothing and is dropped silently; any other is
    dropped with a warning, since the file's author meant something by it.
    """
    parameters = inspect.signature(cls).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return dict(config)
    unknown = [key for key in config if key not in parameters]
    told = [f"{key}={config[key]!r}" for key in unknown if config[key]]
    if told:
        warnings.warn(
            f"{cls.__name__}: the configuration's entries {', '.join(told)} are not known here and are ignored",
            stacklevel=3,
        )
    return {key: value for key, value in config.items() if key in parameters}
