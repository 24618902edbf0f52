"""`.weights.h5` and sharded `.weights.json` files of Keras 3, and `save_weights`, `load_weights` for all kinds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dtrain.checkpoint import load
from dtrain.checkpoint.seal import SEAL_BYTES, has_seal
from dtrain.graph import Array

from . import shards
from .files import Kind, PathLike, kind_of, may_write, read_start, write_file
from .hdf5 import Hdf5, encode_hdf5, read_hdf5
from .weights import VARS, check_built, owner_names, weights_tree
from .weights_assign import assign_weights_tree

_LEGACY_ENDINGS = (".h5", ".hdf5")


def save_weights(
    model: Any, filepath: PathLike, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Write all weights of a model, and the state of its optimizer, to a file.

    Args:
        filepath: ends in `.weights.h5` (the layout of Keras 3), `.weights.json` (the same in several files), or in
            `.h5` or `.hdf5` alone (the layout of Keras 1 and 2, without optimizer).
        overwrite: whether a file that is there may be replaced.
        max_shard_size: largest size of one file, in GiB; makes a `.weights.json` that lists the files.

    Raises:
        ValueError: for a model without variables yet, or another ending.
        FileExistsError: see `overwrite`.
        CheckpointError: when the file cannot be written; what was there is as it was.
    """
    if kwargs:
        raise ValueError(f"save_weights: unknown argument(s) {', '.join(sorted(kwargs))}")
    check_built(model, "save_weights")
    path = os.fspath(filepath)
    if max_shard_size is not None or path.endswith(".weights.json"):
        shards.write(weights_tree(model), owner_names(model), path, overwrite, max_shard_size or shards.DEFAULT_GIB)
        return
    if path.endswith(".weights.h5"):
        encode = encode_weights
    elif path.endswith(_LEGACY_ENDINGS):
        from .legacy.writer import encode_weights as encode
    else:
        raise ValueError(
            "save_weights: expected a name that ends in '.weights.h5', '.weights.json' (several files), or '.h5' (the "
            f"layout of Keras 2). Received: filepath={path!r}"
        )
    if may_write(path, overwrite, "save_weights"):
        write_file(path, encode(model))


def encode_weights(model: Any) -> bytes:
    """The bytes of a `.weights.h5` file of the model."""
    return encode_tree(weights_tree(model), owner_names(model))


def encode_tree(tree: Mapping[str, Array], names: Mapping[str, str]) -> bytes:
    """The bytes of a `.weights.h5` file with these arrays and these names of `vars` groups."""
    return encode_hdf5(Hdf5(dict(tree), {path: {"name": name} for path, name in names.items()}))


def load_weights(model: Any, filepath: PathLike, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read the weights of a model from any file of Keras or dtrain that holds weights.

    Args:
        filepath: `.weights.h5`, `.weights.json`, `.keras`, `.h5` of Keras 1 and 2, or a checkpoint of a training run;
            its content decides, not its name.
        skip_mismatch: load what fits and warn about the rest.
        by_name: give layers the weights that the file has under their names, and leave the others as they are.
        objects_to_skip: layers to leave as they are.

    Raises:
        ValueError: when the weights do not fit; it lists every difference, and nothing has been changed.
        FileNotFoundError, CheckpointError: when the file cannot be read.
    """
    by_name = kwargs.pop("by_name", False)
    skip = kwargs.pop("objects_to_skip", None) or ()
    if kwargs:
        raise ValueError(f"load_weights: unknown argument(s) {', '.join(sorted(kwargs))}")
    path = os.fspath(filepath)
    content = read_weights(path)
    if is_legacy(content):
        from .legacy.weights import assign_legacy_weights

        assign_legacy_weights(model, content, source=path, skip_mismatch=skip_mismatch, by_name=by_name, skip=skip)
        return
    assign_weights_tree(
        model,
        content.arrays,
        source=path,
        skip_mismatch=skip_mismatch,
        names=names_of(content) if by_name else None,
        skip=skip,
    )


def read_weights(path: str) -> Hdf5:
    """The arrays of whatever kind of file, with the attributes that name them."""
    kind = kind_of(path, "load_weights")
    if kind is Kind.HDF5:
        if has_seal(read_start(path, SEAL_BYTES)):  # a checkpoint of a training run
            return Hdf5(dict(load(path).weights))
        return read_hdf5(path, path)
    if kind is Kind.JSON:
        return shards.read(path)
    from .archive import read_archive

    return read_archive(path).weights


def names_of(content: Hdf5) -> dict[str, str]:
    """The names that a file of Keras 3 gives to its layers, by `vars` path."""
    named = ((path, content.text(path, "name")) for path in content.attributes)
    return {path: name for path, name in named if name is not None and path.rpartition("/")[2] == VARS}


def is_legacy(content: Hdf5) -> bool:
    """Whether a file has the layout of Keras 1 and 2."""
    return any(
        content.texts(path, "layer_names") is not None or content.text(path, "nb_layers") is not None
        for path in ("", "model_weights")
    )
