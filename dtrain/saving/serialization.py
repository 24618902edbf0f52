"""Objects as JSON-able configurations in Keras's form, and back: `{"module", "class_name", "config", ...}`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from .builtin_objects import find_class, find_function, is_builtin_module, nearest_names, public_module
from .lambda_code import dump_lambda
from .registration import custom_object_scope, get_registered_function, get_registered_name, get_registered_object
from .safe_mode import enable_unsafe_deserialization, in_safe_mode, safe_mode_scope
from .sharing import find_shared, mark_if_shared, remember_shared
from .values import VALUE_READERS, serialize_value

__all__ = [
    "deserialize_keras_object",
    "enable_unsafe_deserialization",
    "find_type",
    "in_safe_mode",
    "safe_mode_scope",
    "serialize_dict",
    "serialize_keras_object",
]

Config = dict[str, Any]
_PLAIN = (str, int, float, bool, type(None))


def serialize_keras_object(obj: Any) -> Any:
    """What `obj` is, as numbers, strings, lists and dicts.

    An object becomes `{"module", "class_name", "config": obj.get_config(), "registered_name"}`, with `build_config`
    and `compile_config` where the object has them.

    Raises:
        TypeError: for an object without `get_config`.
    """
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        return type(obj)(serialize_keras_object(item) for item in obj) if type(obj) in (list, tuple) else [*obj]
    if isinstance(obj, dict):
        return serialize_dict(obj)
    special = serialize_value(obj)
    if special is not None:
        return special
    if isinstance(obj, FunctionType):
        return _serialize_function(obj)
    if not hasattr(obj, "get_config"):
        raise TypeError(
            f"Cannot save {obj!r}: expected an object whose class has a `get_config()` method. "
            f"Received: an object of type {type(obj).__name__}"
        )
    return _serialize_object(obj)


def serialize_dict(obj: Mapping[str, Any]) -> Config:
    """Every value of a dict serialized."""
    return {key: serialize_keras_object(value) for key, value in obj.items()}


def _serialize_function(function: FunctionType) -> Config:
    if function.__name__ == "<lambda>":
        warnings.warn(
            "A lambda is being saved: it can be loaded only with `safe_mode=False`, by the same version of Python. "
            "Use a named function decorated with `register_keras_serializable` instead.",
            stacklevel=4,
        )
        return {"class_name": "__lambda__", "config": {"value": dump_lambda(function)}}
    name = get_registered_name(function)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _serialize_object(obj: Any) -> Config:
    inner = obj.get_config()
    if not isinstance(inner, dict):
        raise TypeError(f"{type(obj).__name__}.get_config: expected a dict. Received: {inner!r}")
    cls = type(obj)
    module = public_module(cls)
    config: Config = {
        "module": module,
        "class_name": cls.__name__,
        "config": serialize_dict(inner),
        "registered_name": None if module and module.count(".src.") == 0 else get_registered_name(cls),
    }
    for part in ("build_config", "compile_config"):
        getter = getattr(obj, f"get_{part}", None)
        value = getter() if getter is not None else None
        if value is not None:
            config[part] = serialize_dict(value)
    mark_if_shared(obj, config)
    return config


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object that a configuration describes.

    Classes are looked up in `custom_objects`, among the registered ones, then in dtrain by their class name; no module
    is ever imported because a file names it. The short form of Keras 1 and 2, `{"class_name", "config"}`, is read too.

    Args:
        custom_objects: names and the classes or functions they mean.
        safe_mode: refuse Python code (lambdas) in the configuration.
        module_objects: names and classes that are looked up before all of dtrain's.

    Raises:
        ValueError: for code in safe mode.
        TypeError: for an unknown class, with the names that look like it.
    """
    module_objects: Mapping[str, Any] | None = kwargs.pop("module_objects", None)
    if kwargs:
        raise TypeError(f"deserialize_keras_object: unknown arguments {sorted(kwargs)}")
    demanded = in_safe_mode()
    with custom_object_scope(custom_objects), safe_mode_scope(safe_mode if demanded is None else demanded):
        return _deserialize(config, module_objects)


def _deserialize(config: Any, module_objects: Mapping[str, Any] | None = None) -> Any:
    if isinstance(config, str):
        found = get_registered_object(config)
        return config if found is None else found
    if isinstance(config, _PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        return [_deserialize(item) for item in config]
    if not isinstance(config, dict):
        raise TypeError(f"Expected a configuration made of dicts, lists, strings and numbers. Received: {config!r}")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    class_name = config["class_name"]
    if not isinstance(class_name, str):
        raise TypeError(f"Expected a class name as a string. Received: class_name={class_name!r}")
    if class_name in VALUE_READERS:
        return VALUE_READERS[class_name](config["config"] or {})
    if class_name == "function":
        return _find_function(config, module_objects)
    return _deserialize_instance(config, module_objects)


def _find_function(config: Config, module_objects: Mapping[str, Any] | None) -> Any:
    name, module = config["config"], config.get("module")
    if not isinstance(name, str):
        raise TypeError(f"Expected a function's name as a string. Received: config={name!r}")
    found = get_registered_object(name, module_objects=module_objects)
    if found is None and is_builtin_module(module):
        found = find_function(name, module)
    if found is None:
        found = get_registered_function(name)
    if found is None:
        raise TypeError(_unknown("function", name, module))
    return found


def _deserialize_instance(config: Config, module_objects: Mapping[str, Any] | None) -> Any:
    shared = find_shared(config.get("shared_object_id"))
    if shared is not None:
        return shared
    cls = find_type(config, module_objects)
    inner = config["config"] if config["config"] is not None else {}
    if not isinstance(cls, type):
        return cls  # a function that was registered under the class name
    if not hasattr(cls, "from_config"):
        raise TypeError(f"{cls.__name__}: expected a class with a `from_config()` method")
    try:
        instance = cls.from_config(inner)
    except TypeError as error:
        raise TypeError(f"{cls.__name__} could not be made from its configuration: {error}\nconfig={inner}") from error
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config") and not getattr(instance, "built", False):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    remember_shared(config.get("shared_object_id"), instance)
    return instance


def find_type(config: Config, module_objects: Mapping[str, Any] | None = None) -> Any:
    """The class that a configuration names, without making an instance.

    Raises:
        TypeError: when no such class is known.
    """
    name, module = config["class_name"], config.get("module")
    registered = config.get("registered_name")
    for label in (registered, name):
        found = get_registered_object(label)
        if found is not None:
            return found
    if name.startswith("Custom>"):
        # Keras 2 writes its own optimizers so; of other classes, this is how users' ones are written.
        optimizer = find_class(name.removeprefix("Custom>"), "keras.optimizers", only_there=True)
        if optimizer is not None:
            return optimizer
    if module is None and registered is not None and registered != "Functional":
        raise TypeError(_unknown("class", str(registered), module))
    if module_objects is not None and is_builtin_module(module) and name in module_objects:
        return module_objects[name]
    builtin = find_class(name, module) if is_builtin_module(module) else None
    if builtin is None:
        raise TypeError(_unknown("class", name, module))
    return builtin


def _unknown(kind: str, name: str, module: str | None) -> str:
    near = nearest_names(name, module)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    place = f" of module {module!r}" if module else ""
    return (
        f"Unknown {kind} {name!r}{place}.{hint} If it is your own, decorate it with "
        f"`@register_keras_serializable()` or pass `custom_objects={{{name!r}: {name.split('>')[-1]}}}`."
    )
