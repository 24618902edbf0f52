"""Names under which user-defined classes and functions are written into files and found again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

_objects: dict[str, Any] = {}
_names: dict[Any, str] = {}


class _Scope(threading.local):
    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}


_scope = _Scope()


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorate a class or function so that files can refer to it as `package>name`.

    Args:
        package: a name for your code, so that equal class names of two libraries stay apart.
        name: the name in the file; the class's or function's own name if None.

    Raises:
        ValueError: for a class without `get_config`, which could not be written.
    """

    def register(obj: T) -> T:
        label = f"{package}>{name or obj.__name__}"
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise ValueError(
                f"register_keras_serializable: expected a class with a `get_config()` method. Received: {obj.__name__}"
            )
        previous = _names.get(obj)
        if previous is not None and previous != label:
            del _objects[previous]
        _objects[label] = obj
        _names[obj] = label
        return obj

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which `obj` (a class or function) is registered, else its own name."""
    try:
        return _names.get(obj, str(obj.__name__))
    except TypeError:  # not hashable
        return str(obj.__name__)


def get_registered_object(
    name: str | None,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """What `name` means: in the open scopes, else the registry, `custom_objects`, `module_objects`; None if unknown."""
    if name is None:
        return None
    for known in (_scope.objects, _objects, custom_objects, module_objects):
        if known and name in known:
            return known[name]
    return None


def get_registered_function(name: str) -> Any:
    """The only registered function of this name, whatever its package: files of Keras before 3.7 leave that out."""
    found = [o for o in _objects.values() if not isinstance(o, type) and getattr(o, "__name__", None) == name]
    return found[0] if len(found) == 1 else None


def get_custom_objects() -> dict[str, Any]:
    """The registry itself: what is put into it is known by name from then on."""
    return _objects


class custom_object_scope:
    """Within the `with` block, names in files and string identifiers may mean the given classes and functions.

    Scopes nest: an inner one adds to the outer one and comes before it.
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        if custom_objects is not None and not isinstance(custom_objects, Mapping):
            raise TypeError(
                f"custom_object_scope: expected a dict of names and objects. Received: {type(custom_objects).__name__}"
            )
        self.custom_objects = dict(custom_objects or {})
        self._outer: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._outer.append(_scope.objects)
        _scope.objects = {**_scope.objects, **self.custom_objects}
        return self

    def __exit__(self, *exception: object) -> None:
        _scope.objects = self._outer.pop()


CustomObjectScope = custom_object_scope
