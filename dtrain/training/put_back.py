"""Saved arrays back into the memory that they came from."""

from __future__ import annotations

from collections.abc import Mapping

from dtrain.graph import Array


def put_back(target: Array, saved: Mapping[str, Array], name: str, source: str) -> None:
    """Overwrite `target` by the saved array of this name; `source` names the file in errors.

    Raises:
        ValueError: when it is missing or has another shape; it is never stretched to fit.
    """
    found = saved.get(name)
    if found is None or found.shape != target.shape:
        shape = "it is missing" if found is None else f"it has the shape {found.shape}"
        raise ValueError(f"{source} is not of this run: {name!r} is to have the shape {target.shape}, and {shape}")
    target[...] = found
