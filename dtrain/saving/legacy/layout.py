"""The layout of HDF5 weights in Keras 1 and 2: a group for each layer, whose `weight_names` lists its arrays."""

from __future__ import annotations

from dataclasses import dataclass

from dtrain.checkpoint.errors import DamagedError
from dtrain.graph import Array
from dtrain.saving.hdf5 import Hdf5

OPTIMIZER = "optimizer_weights"
TOP_LEVEL = "top_level_model_weights"
WEIGHTS = "model_weights"


@dataclass(slots=True)
class SavedLayer:
    """The arrays of one layer under their names in the file."""

    name: str
    arrays: dict[str, Array]


@dataclass(slots=True)
class SavedWeights:
    """All layers of a file in order, the model's own arrays, and who wrote them."""

    layers: list[SavedLayer]
    own: SavedLayer
    keras_version: str
    backend: str | None

    @property
    def with_weights(self) -> list[SavedLayer]:
        return [layer for layer in self.layers if layer.arrays]


def read_layout(content: Hdf5, source: str) -> SavedWeights:
    """The layers of a weights file, or of the part `model_weights` of a whole-model file."""
    root = WEIGHTS if _is_root(content, WEIGHTS) else ""
    names = content.texts(root, "layer_names")
    if names is None:  # Keras 0.x
        names = _numbered("layer", content.text(root, "nb_layers"), content, source)
    layers = [SavedLayer(name, ordered_arrays(content, _join(root, name), source)) for name in names]
    version = content.text(root, "keras_version") or content.text("", "keras_version") or "1"
    own = SavedLayer("", ordered_arrays(content, _join(root, TOP_LEVEL), source))
    return SavedWeights(layers, own, version, content.text(root, "backend") or content.text("", "backend"))


def _is_root(content: Hdf5, path: str) -> bool:
    return content.texts(path, "layer_names") is not None or content.text(path, "nb_layers") is not None


def ordered_arrays(content: Hdf5, group: str, source: str) -> dict[str, Array]:
    """The arrays of a group under their names, in the order in which its `weight_names` lists them."""
    names = content.texts(group, "weight_names")
    if names is None:
        names = _numbered("param", content.text(group, "nb_params"), content, source)
    missing = [name for name in names if _join(group, name) not in content.arrays]
    if missing:
        raise DamagedError(f"{source} is damaged: the group {group!r} lists {missing}, which it does not hold")
    return {name: content.arrays[_join(group, name)] for name in names}


def _numbered(kind: str, count: str | None, content: Hdf5, source: str) -> list[str]:
    """The names of Keras 0.x, as many as an attribute says: never more than the file has groups and arrays."""
    most = len(content.attributes) + len(content.arrays)
    if count is None:
        return []
    if not count.isdecimal() or len(count) > 9 or int(count) > most:
        raise DamagedError(f"{source} is damaged: it says that it holds {count[:20]} {kind}s, which it does not")
    return [f"{kind}_{k}" for k in range(int(count))]


def _join(group: str, name: str) -> str:
    return f"{group}/{name}" if group else name
