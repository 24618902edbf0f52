"""Weights in several files: `x.weights.json` lists which group of arrays lies in which of `x_00000.weights.h5`, ..."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dtrain.checkpoint.errors import DamagedError
from dtrain.graph import Array

from .files import may_write, write_file
from .hdf5 import Hdf5, encode_hdf5, read_hdf5

DEFAULT_GIB = 5.0
_ENDING = ".weights.json"


@dataclass
class _Shard:
    """The content of one file."""

    name: str
    content: Hdf5 = field(default_factory=Hdf5)
    size: int = 0


def write(tree: Mapping[str, Array], names: Mapping[str, str], path: str, overwrite: bool, limit_gib: float) -> None:
    """Write arrays (paths as of `weights_tree`) into files of at most `limit_gib` GiB of data each, the list last.

    Raises:
        ValueError: for another ending than `.weights.json` or `.weights.h5`, and for an array above the limit.
    """
    target = Path(path)
    if not target.name.endswith((_ENDING, ".weights.h5")):
        raise ValueError(f"save_weights: expected a name that ends in {_ENDING!r}. Received: filepath={path!r}")
    base = target.name.rpartition(".weights.")[0]
    target = target.with_name(base + _ENDING)
    if not may_write(target, overwrite, "save_weights"):
        return
    files = list(_divide(tree, names, base, int(limit_gib * 2**30)))
    for shard in files:
        write_file(target.with_name(shard.name), encode_hdf5(shard.content))
    listing = {"metadata": {"total_size": float(sum(s.size for s in files))}, "weight_map": _weight_map(files)}
    write_file(target, json.dumps(listing, indent=4).encode())


def _divide(tree: Mapping[str, Array], names: Mapping[str, str], base: str, limit: int) -> Iterator[_Shard]:
    number = 0
    shard = _Shard(f"{base}_{number:05}.weights.h5")
    for path, array in tree.items():
        if array.nbytes > limit:
            raise ValueError(
                f"save_weights: max_shard_size must be at least the largest array: {path} has {array.nbytes:,} bytes. "
                f"Received: max_shard_size={limit / 2**30:g} GiB"
            )
        if shard.size and shard.size + array.nbytes > limit:
            yield shard
            number += 1
            shard = _Shard(f"{base}_{number:05}.weights.h5")
        group = path.rpartition("/")[0]
        shard.content.arrays[path] = array
        shard.size += array.nbytes
        if group in names:
            shard.content.attributes[group] = {"name": names[group]}
    yield shard


def _weight_map(files: list[_Shard]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for shard in files:
        for path in shard.content.arrays:
            found = places.setdefault("/" + path.rpartition("/")[0], [])
            if shard.name not in found:
                found.append(shard.name)
    return places


def read(path: str) -> Hdf5:
    """All arrays and names of a list of files, which must lie beside it.

    Raises:
        DamagedError: for a list that is none, and for files outside of its folder.
    """
    whole = Hdf5()
    for name in _files(path):
        part = read_hdf5(Path(path).with_name(name), name)
        whole.arrays.update(part.arrays)
        whole.attributes.update(part.attributes)
    return whole


def _files(path: str) -> list[str]:
    try:
        listing: Any = json.loads(Path(path).read_bytes())
        entries = [[v] if isinstance(v, str) else list(v) for v in listing["weight_map"].values()]
        names = list(dict.fromkeys(name for entry in entries for name in entry))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(f"{path} is no list of weights files: {error}") from error
    for name in names:
        if not isinstance(name, str) or os.path.basename(name) != name or name in ("", ".", ".."):
            raise DamagedError(f"{path} is refused: it names {name!r}, which is not a file beside it")
    return names
