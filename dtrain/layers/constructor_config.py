"""The arguments of a constructor as the configuration of a class that writes no `get_config`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

Config = dict[str, Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# Not on the objects themselves: layers among the arguments would be taken for their own.
_arguments: WeakKeyDictionary[Any, Arguments] = WeakKeyDictionary()


def remember_arguments(instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Keep the arguments of an object's constructor, to be its configuration if its class has no `get_config`."""
    _arguments[instance] = args, kwargs


def constructor_config(instance: Any, base: Mapping[str, Any], write: Callable[[Any], Any]) -> Config:
    """The arguments that an object was made with, and those of `base` that its constructor takes.

    Args:
        write: an argument as a plain value, or TypeError.

    Raises:
        NotImplementedError: when the arguments cannot be written.
    """
    cls = type(instance)
    signature = inspect.signature(cls)
    args, kwargs = _arguments.get(instance, ((), {}))
    any_name = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    config: Config = {key: value for key, value in base.items() if any_name or key in signature.parameters}
    for key, value in signature.bind_partial(*args, **kwargs).arguments.items():
        kind = signature.parameters[key].kind
        if kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY):
            raise NotImplementedError(_no_config(cls, f"its constructor takes {key!r} by position alone"))
        given = value if kind is inspect.Parameter.VAR_KEYWORD else {key: value}
        try:
            config.update((name, write(item)) for name, item in given.items() if name not in base)
        except TypeError as error:
            raise NotImplementedError(_no_config(cls, f"its argument {key!r} cannot be written ({error})")) from None
    return config


def only_plain(value: Any) -> Any:
    """`value`, if it is made of numbers, strings, lists, tuples and dicts.

    Raises:
        TypeError: for anything else.
    """
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for part in parts:
        only_plain(part)
    if not isinstance(value, (dict, list, tuple, str, int, float, bool, type(None))):
        raise TypeError(f"a {type(value).__name__} is no plain value")
    return value


def _no_config(cls: type, reason: str) -> str:
    return (
        f"{cls.__name__}: write a method `get_config(self)` that returns the constructor's arguments as plain values: "
        f"{reason}. To save weights alone, use `save_weights`."
    )
