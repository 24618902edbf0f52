"""Functions from Python files that a configuration names as "path.py:function"."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import walk_tb
from typing import Any

from dtrain.cli.errors import UserError, suggest

_loaded: set[str] = set()  # the files, as their code objects name them


def _is_installed(path: Path) -> bool:
    """Whether a file belongs to the standard library or to an installed package."""
    libraries = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")]
    return bool({"site-packages", "dist-packages"} & set(path.parts)) or any(map(path.is_relative_to, libraries))


def is_raised_in_one(error: BaseException) -> bool:
    """Whether an error passed through the code of a file that `load_function` has loaded."""
    frames = walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename in _loaded for frame, _ in frames)


def load_function(key: str, reference: str) -> Callable[..., Any]:
    """Return the function that `reference`, "path.py:function", names; `key` is the configuration's, for errors.

    The file is run as a module of its stem's name, and imports its neighbours as a script would.

    Raises:
        UserError: no such file, or no such function in it; a file or function of Python itself or of an installed
            package, by which a configuration could do anything. What the file itself raises is let through.
    """
    path_text, _, name = reference.rpartition(":")
    path = Path(path_text)
    if not path.is_file():
        raise UserError(f"{key}: no such file: {path}. Expected the path of a Python file.")
    if _is_installed(path.resolve()):
        raise UserError(f"{key}: {path} belongs to Python or to an installed package. Expected a file of your own.")
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{key}: {path} is not a Python file.")
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    _loaded.add(str(path))
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UserError(f"{key}: {path} has no function {name!r}. {suggest(name, functions)}")
    origin = str(getattr(function, "__module__", None) or "builtins")
    if origin != path.stem and origin.partition(".")[0] in {"builtins", *sys.stdlib_module_names}:
        raise UserError(
            f"{key}: {name!r} of {path} is a function of Python's module {origin}. Expected one of your own."
        )
    return function  # type: ignore[no-any-return]
