"""Packages that import their modules when a name is first used, so that `import dtrain` stays fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def attach(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose public `names` live in submodules.

    Args:
        package: `__name__` of the package.
        names: public name to where it lives: `"module"` (relative, the name itself within it), `"module:other_name"`,
            `".package.module"` beside this package, or `""` for a submodule of that name.
    """

    def getattribute(name: str) -> Any:
        place = names.get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}{_hint(name, names)}")
        module, _, attribute = place.partition(":")
        if module:
            value = getattr(importlib.import_module(f".{module}", package), attribute or name)
        else:
            value = importlib.import_module(f"{package}.{name}")
        setattr(sys.modules[package], name, value)
        return value

    def directory() -> list[str]:
        return sorted({*names, *vars(sys.modules[package])})

    return getattribute, directory


def _hint(name: str, names: Mapping[str, str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=3)
    return f". Did you mean {' or '.join(near)}?" if near and not name.startswith("_") else ""
