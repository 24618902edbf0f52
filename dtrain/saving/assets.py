"""Files that layers keep beside their weights, such as vocabularies, by `save_assets` and `load_assets`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .walk import walk


def collect_assets(model: Any) -> dict[str, bytes]:
    """The files that the layers of a model write, by `<path of the layer>/<file>`."""
    found: dict[str, bytes] = {}
    for path, layer in walk(model):
        if not hasattr(layer, "save_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            layer.save_assets(folder)
            for file in sorted(Path(folder).rglob("*")):
                if file.is_file():
                    found["/".join(filter(None, (path, file.relative_to(folder).as_posix())))] = file.read_bytes()
    return found


def restore_assets(model: Any, assets: Mapping[str, bytes]) -> None:
    """Give every layer with `load_assets` a folder with its files. The names must have been checked."""
    for path, layer in walk(model):
        prefix = f"{path}/" if path else ""
        own = {name.removeprefix(prefix): data for name, data in assets.items() if name.startswith(prefix)}
        if not own or not hasattr(layer, "load_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name, data in own.items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            layer.load_assets(folder)
