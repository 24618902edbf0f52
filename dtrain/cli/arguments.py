"""Open sections of a configuration: their keys are arguments of a function or class, checked before it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar, get_type_hints

import msgspec

from dtrain.cli.errors import UserError, suggest
from dtrain.cli.expected import in_words
from dtrain.cli.python_file import is_raised_in_one

T = TypeVar("T")


def call(section: str, function: Callable[..., T], options: Mapping[str, Any]) -> T:
    """Return `function(**options)`.

    Raises:
        UserError: a key that is no parameter (with the nearest one), one that is missing, a value that the parameter's
            annotation or the function itself refuses.
    """
    name = getattr(function, "__name__", str(function))
    parameters = inspect.signature(function).parameters
    named = [
        key
        for key, parameter in parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    for key in options:
        if key not in named:
            raise UserError(f"{section}: {name} takes no {key!r}. {suggest(key, named)}")
    missing = [key for key in named if parameters[key].default is inspect.Parameter.empty and key not in options]
    if missing:
        raise UserError(f"{section}: {name} needs {', '.join(missing)}.")
    hints = _hints(function)
    checked = {key: _checked(f"{section}.{key}", value, hints.get(key, Any)) for key, value in options.items()}
    try:
        return function(**checked)
    except ValueError as error:
        if is_raised_in_one(error):
            raise  # the traceback shows the line of the user's file
        raise UserError(f"{section}: {error}") from error


def class_of(key: str, module: ModuleType, name: object, base: type) -> Any:
    """Return the class of that name, in any case of letters, among those of `module` that derive from `base`.

    Raises:
        UserError: there is none; the message has the nearest.
    """
    known = {
        found: kind
        for found in dir(module)
        if isinstance(kind := getattr(module, found), type) and issubclass(kind, base) and kind is not base
    }
    by_lower = {found.lower(): kind for found, kind in known.items()}
    if str(name).lower() not in by_lower:
        raise UserError(f"{key}: no {base.__name__} is called {name!r}. {suggest(str(name), known)}")
    return by_lower[str(name).lower()]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of the parameters, {} where they cannot be resolved."""
    try:
        return get_type_hints(function.__init__ if isinstance(function, type) else function)  # type: ignore[misc]
    except (NameError, TypeError):
        return {}


def _checked(key: str, value: Any, hint: Any) -> Any:
    """Convert a TOML value to the annotated type; annotations that are no plain data are left to the function."""
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise UserError(f"{key}: expected {in_words(error)}. Received: {value!r}") from None
    except TypeError:
        return value
