"""`get(identifier)` of initializers, losses, optimizers and the like: one rule for strings, dicts, classes, objects."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from dtrain.saving.registration import get_registered_object
from dtrain.saving.serialization import deserialize_keras_object

from .naming import to_snake_case


def name_table(*classes: type, **aliases: type) -> dict[str, type]:
    """The strings that mean a class: its name, its name in snake case, and `aliases`."""
    table: dict[str, type] = {cls.__name__: cls for cls in classes}
    table.update((to_snake_case(cls.__name__), cls) for cls in classes)
    table.update(aliases)
    return table


def resolve(
    identifier: Any,
    known: Mapping[str, Any],
    kind: str,
    *,
    accepts: Callable[[Any], bool] = callable,
    ignore_case: bool = False,
) -> Any:
    """The object that a user means by `identifier`.

    Args:
        identifier: None (stays None), the name of a class (an instance with default arguments) or of a function, a
            configuration as made by `serialize`, a class, or a ready object.
        known: names and the classes or functions they mean.
        kind: "initializer", "loss", ...: for messages.
        accepts: whether a ready object is of this kind.
        ignore_case: whether the case of a name's letters matters.

    Raises:
        ValueError: for an unknown name, with those that look like it, and for an object of another kind.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        found = deserialize_keras_object(identifier, module_objects=known)
    elif isinstance(identifier, str):
        found = _by_name(identifier, known, kind, ignore_case)
    else:
        found = identifier
    if isinstance(found, type):
        found = found()
    if isinstance(found, str) or not accepts(found):
        raise ValueError(
            f"Expected {article(kind)} as a name, a configuration, a class or an object. Received: {identifier!r}"
        )
    return found


def _by_name(name: str, known: Mapping[str, Any], kind: str, ignore_case: bool) -> Any:
    custom = get_registered_object(name)
    if custom is not None:
        return custom
    if name in known:
        return known[name]
    if ignore_case:
        match = next((value for key, value in known.items() if key.lower() == name.lower()), None)
        if match is not None:
            return match
    raise ValueError(unknown_name(name, known, kind))


def unknown_name(name: str, known: Mapping[str, Any], kind: str) -> str:
    """The message for a name that means nothing: those that look like it, else all of them."""
    snake = sorted(key for key in known if key == key.lower())
    near = difflib.get_close_matches(name, list(known), n=3) or difflib.get_close_matches(name.lower(), snake, n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(snake)}"
    return f"Unknown {kind}: {name!r}. {hint}"


def article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
