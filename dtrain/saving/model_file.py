"""`save_model` and `load_model`: whole models in all formats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtrain.checkpoint.errors import DamagedError
from dtrain.checkpoint.limits import FREE_BYTES

from .config_size import check_size
from .files import Kind, PathLike, kind_of, may_write, write_file
from .serialization import deserialize_keras_object
from .sharing import shared_objects

if TYPE_CHECKING:
    from dtrain.models import Model

LEGACY_ENDINGS = (".h5", ".hdf5")


def save_model(
    model: Any, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Write architecture, weights, what `compile` was told and the optimizer's state.

    Args:
        filepath: ends in `.keras`, or in `.h5` or `.hdf5` (the whole-model format of Keras 1 and 2).
        overwrite: whether a file that is there may be replaced.
        zipped: False: a folder in place of a zip archive. None: a folder only for a path without an ending.
        include_optimizer: whether an `.h5` file gets the optimizer's state.

    Raises:
        ValueError: for another ending.
        FileExistsError: see `overwrite`.
        CheckpointError: when the file cannot be written; what was there is as it was.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    kwargs.pop("save_format", None)
    if kwargs:
        raise ValueError(f"save: unknown argument(s) {', '.join(sorted(kwargs))}")
    path = Path(filepath)
    if path.name.endswith(".weights.h5"):
        raise ValueError(f"save: {path.name!r} is a name for weights alone: use save_weights, or a name in '.keras'")
    if path.suffix in LEGACY_ENDINGS:
        from .legacy.writer import encode_model

        if may_write(path, overwrite, "save"):
            write_file(path, encode_model(model, include_optimizer))
        return
    as_folder = zipped is False or (zipped is None and path.suffix == "")
    if as_folder == (path.suffix == ".keras"):
        wanted = "without '.keras' for a folder (zipped=False)" if as_folder else "that ends in '.keras' or '.h5'"
        raise ValueError(f"save: expected a path {wanted}. Received: filepath={os.fspath(filepath)!r}")
    from .archive import write_archive

    if may_write(path, overwrite, "save"):
        write_archive(model, path, zipped=not as_folder)


def load_model(
    filepath: PathLike, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Model:
    """Read a model that dtrain, Keras 3 (`.keras`, `.h5`), Keras 2 or Keras 1 (`.h5`) wrote.

    Args:
        filepath: a file or folder; its content decides, not its name.
        custom_objects: names in the file and the classes and functions they mean.
        compile: whether the model is compiled as it was, with the optimizer's state.
        safe_mode: refuse Python code (lambdas) in the file.

    Raises:
        FileNotFoundError, CheckpointError: when the file cannot be read.
        ValueError, TypeError: for unknown classes, for code in safe mode, for weights that do not fit.
    """
    path = os.fspath(filepath)
    kind = kind_of(path, "load_model")
    if kind is Kind.JSON:
        raise ValueError(f"load_model: {path} holds no model: expected a .keras or .h5 file. For JSON: model_from_json")
    if kind is Kind.FOLDER and not os.path.exists(os.path.join(path, "config.json")):
        raise DamagedError(
            f"load_model: the folder {path} holds no config.json. A SavedModel of TensorFlow is not read: load it with "
            "Keras and save it as .keras"
        )
    if kind is Kind.HDF5:
        from .legacy.reader import load_legacy_model

        return load_legacy_model(path, custom_objects, compile, safe_mode)
    return _load_archive(path, custom_objects, compile, safe_mode)


def _load_archive(path: str, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool) -> Model:
    from .archive import read_archive
    from .assets import restore_assets
    from .weights_assign import assign_weights_tree

    archive = read_archive(path)
    model = build_model(
        archive.config, archive.keras_version, custom_objects, compile, safe_mode, path, archive.weights.nbytes
    )
    restore_assets(model, archive.assets)
    if archive.weights.arrays:
        assign_weights_tree(model, archive.weights.arrays, source=path)
    return model


def build_model(
    config: dict[str, Any],
    keras_version: str,
    custom_objects: Mapping[str, Any] | None,
    compile: bool,
    safe_mode: bool,
    source: str,
    weight_bytes: int = 0,
) -> Model:
    """The model that a configuration of any generation describes, with initial weights.

    Args:
        source: names the file in errors.
        weight_bytes: of the weights that the file has for it; a model that takes far more is refused.
    """
    from dtrain.graph.allowance import allowance
    from dtrain.models import Model

    from .legacy.config import modernized
    from .registration import custom_object_scope
    from .same_object import mark_same_objects

    scopes = custom_object_scope(custom_objects), shared_objects(), allowance(FREE_BYTES + 2 * weight_bytes)
    with named_errors(f"load_model: {source}"), scopes[0], scopes[1], scopes[2]:
        check_size(config)
        modern = mark_same_objects(modernized(config, keras_version))
        if not compile:
            modern["compile_config"] = None
        model = deserialize_keras_object(modern, safe_mode=safe_mode)
    if not isinstance(model, Model):
        raise ValueError(f"load_model: {source} holds a {type(model).__name__}, expected a model")
    return model


@contextmanager
def named_errors(source: str) -> Iterator[None]:
    """Errors about a configuration get the name of its file; what nonsense in it leads to becomes a ValueError."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{source}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    except (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NotImplementedError,
            RecursionError) as error:  # fmt: skip
        raise ValueError(f"{source}: the configuration is not understood: {error!r}") from error
