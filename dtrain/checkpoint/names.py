"""Names of parameters and metrics as paths in a file: any name goes in and comes out again.

A path is the name itself but where HDF5 cannot hold it: `%` and unprintable characters become `%XX` (UTF-8), the parts
`.` and `..` too, an empty part becomes `%-`, and a name that is also the beginning of another (`scale` beside
`scale/kernel`) gets `%` at its end, since an array and a group cannot share a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, unquote

Item = TypeVar("Item")

_DOTS = {"": "%-", ".": "%2E", "..": "%2E%2E"}


def to_paths(named: Mapping[str, Item]) -> dict[str, Item]:
    """Return the items of `named` under the paths of their names."""
    escaped = {name: "/".join(map(_escape, name.split("/"))) for name in named}
    groups = {path[:end] for path in escaped.values() for end in range(len(path)) if path[end] == "/"}
    return {path + "%" * (path in groups): named[name] for name, path in escaped.items()}


def to_names(paths: Mapping[str, Item]) -> dict[str, Item]:
    """Undo `to_paths`."""
    return {"/".join(map(_unescape, path.removesuffix("%").split("/"))): item for path, item in paths.items()}


def to_part(name: str) -> str:
    """Return a name as a single part of a path: like `to_paths`, with `%2F` for `/`."""
    return _escape(name).replace("/", "%2F")


def from_part(part: str) -> str:
    """Undo `to_part`."""
    return _unescape(part)


def _escape(part: str) -> str:
    plain = (c if c.isprintable() and c != "%" else quote(c, safe="", errors="surrogatepass") for c in part)
    return _DOTS.get(part) or "".join(plain)


def _unescape(part: str) -> str:
    return "" if part == _DOTS[""] else unquote(part, errors="surrogatepass")
