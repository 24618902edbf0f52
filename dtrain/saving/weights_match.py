"""Which group of a weights file belongs to which layer: by its path, or by the names of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .walk import Place, walk
from .weights import OPTIMIZER, Store, vars_path

Match = tuple[str, Any, Store]

_OLD_LAYERS = "_layer_checkpoint_dependencies"  # what TensorFlow 2.13 wrote instead of "layers"


def layers_for(model: Any, stores: Mapping[str, Store], skipped: tuple[Any, ...]) -> list[Place]:
    """The layers of a model, under the paths that a file of this kind gives them, without `skipped` and all inside."""
    owners = walk(model, _has_containers(stores))
    roots = tuple(f"{path}/" for path, owner in owners if any(owner is other for other in skipped))
    return [(path, owner) for path, owner in owners if path != OPTIMIZER and not f"{path}/".startswith(roots)]


def match_paths(layers: list[Place], stores: dict[str, Store]) -> list[Match]:
    """Every layer with the arrays at its path, which are taken out of `stores`."""
    return [(path, owner, stores.pop(_in_file(path, stores), {})) for path, owner in layers]


def _in_file(path: str, stores: Mapping[str, Store]) -> str:
    if path not in stores and any(p.startswith(_OLD_LAYERS) for p in stores):
        return path.replace("layers", _OLD_LAYERS)
    return path


def _has_containers(stores: Mapping[str, Store]) -> bool:
    """Files of Keras before 3.15 hold the layers of nested lists under `layers`."""
    return not stores or any(part.startswith("container") for path in stores for part in path.split("/"))


def match_names(layers: list[Place], stores: Mapping[str, Store], names: Mapping[str, str], source: str) -> list[Match]:
    """The layers whose chain of names (below the model) occurs in the file.

    Raises:
        ValueError: when there is none; it lists the names in the file.
    """
    in_file = {_chain(path, names): store for path, store in stores.items() if vars_path(path) in names}
    own_names = {vars_path(path): owner.name for path, owner in layers}
    found = [(path, owner, in_file.get(_chain(path, own_names))) for path, owner in layers]
    matched = [(path, owner, store) for path, owner, store in found if store is not None]
    if not matched:
        known = ", ".join(repr("/".join(chain)) for chain in in_file if chain) or "none"
        raise ValueError(
            f"load_weights: {source} has no layer with a name of this model (by_name=True). Names in the file: {known}"
        )
    return matched


def _chain(path: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """The names of all objects on the way to `path`, without the model's."""
    parts = path.split("/") if path else []
    ways = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return tuple(names[vars_path(way)] for way in ways if vars_path(way) in names)
