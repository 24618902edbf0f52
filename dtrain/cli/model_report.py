"""The report of `dtrain inspect` on files of Keras: architecture, weights, training and optimizer's state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtrain.saving.inspection import ModelFile

_WITHOUT_WEIGHTS = 1 << 30  # the bytes that a model may take to be shown whose file is a configuration alone


def open_if_model(path: Path) -> ModelFile | None:
    """What the file or folder holds if it is one of Keras; None for a run's folder, a checkpoint, any other HDF5.

    Raises:
        FileNotFoundError, CheckpointError: when it cannot be read.
    """
    from dtrain.checkpoint.seal import SEAL_BYTES, has_seal
    from dtrain.saving.archive import CONFIG
    from dtrain.saving.files import Kind, kind_of, read_start
    from dtrain.saving.inspection import open_model_file

    if path.is_dir():
        return open_model_file(path) if (path / CONFIG).is_file() else None
    if path.match("step-*.h5") or has_seal(read_start(path, SEAL_BYTES)):
        return None
    kind = kind_of(path, "inspect")
    found = open_model_file(path)
    return None if kind is Kind.HDF5 and found.form == "HDF5" else found


def report(file: ModelFile, texts: bool) -> Iterator[str]:
    """The lines to show; with `texts`, the configurations in full."""
    version = f", written by Keras {file.version}" if file.version else ""
    yield f"{file.path}: {file.form}{version}, {_bytes(Path(file.path)):,} bytes"
    if file.config is not None:
        yield ""
        yield from _architecture(file)
    yield from _arrays("Weights", file.weights, _names(file))
    if file.training:
        yield ""
        yield from _training(file.training)
    yield from _arrays("Optimizer's state", file.optimizer_state, {})
    for name in file.assets:
        yield f"asset: {name}"
    if texts:
        for title, config in (("configuration", file.config), ("training", file.training)):
            if config is not None:
                yield f"{title}: {json.dumps(config, indent=2, ensure_ascii=False)}"


def _bytes(path: Path) -> int:
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def _architecture(file: ModelFile) -> Iterator[str]:
    """The summary of the model; where it cannot be made here (custom classes, code), the names of its layers."""
    from dtrain.checkpoint.errors import CheckpointError
    from dtrain.saving.model_file import build_model

    try:
        size = file.content.nbytes or _WITHOUT_WEIGHTS
        model = build_model(dict(file.config or {}), file.version or "1", None, False, True, file.path, size)
    except (CheckpointError, ImportError, NotImplementedError, TypeError, ValueError) as error:
        yield f'Model: "{_name(file)}"'
        width = max((len(name) for name, _ in file.layers), default=0)
        yield from (f"  {name:<{width}}  {kind}" for name, kind in file.layers)
        yield f"(It cannot be made here: {str(error).splitlines()[0]})"
        return
    lines: list[str] = []
    model.summary(print_fn=lines.append, expand_nested=True)
    yield from lines


def _name(file: ModelFile) -> str:
    config = (file.config or {}).get("config")
    return str(config.get("name", "?")) if isinstance(config, Mapping) else "sequential"


def _names(file: ModelFile) -> dict[str, str]:
    """The layer that an array belongs to, where the file names it and the path does not."""
    from dtrain.saving.weights_file import names_of

    named = names_of(file.content)
    return {path: named[group] for path in file.weights if (group := path.rpartition("/")[0]) in named}


def _arrays(title: str, arrays: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    if not arrays:
        return
    total, size = sum(a.size for a in arrays.values()), sum(a.nbytes for a in arrays.values())
    yield ""
    yield f"{title}: {len(arrays)} arrays, {total:,} values, {size:,} bytes"
    width = max(len(path) for path in arrays)
    for path, array in arrays.items():
        shape = " × ".join(map(str, array.shape)) or f"scalar {array.item():g}"
        name = f"  ({names[path]})" if path in names else ""
        yield f"  {path:<{width}}  {array.dtype!s:<8} {shape}{name}"


def _training(training: Mapping[str, Any]) -> Iterator[str]:
    optimizer = training.get("optimizer") or training.get("optimizer_config") or {}
    if isinstance(optimizer, Mapping):
        arguments = optimizer.get("config") or {}
        told = {key: value for key, value in arguments.items() if value not in (None, False) and key != "name"}
        shown = ", ".join(f"{key}={_short(value)}" for key, value in told.items())
        yield f"Optimizer: {optimizer.get('class_name', '?')}({shown})"
    else:
        yield f"Optimizer: {optimizer}"
    for key in ("loss", "loss_weights", "metrics", "weighted_metrics"):
        if training.get(key):
            yield f"{key.replace('_', ' ').capitalize()}: {_short(training[key])}"


def _short(value: Any) -> str:
    """Objects by their class names, numbers rounded, structures of these."""
    if isinstance(value, Mapping):
        if "class_name" in value:
            return str(value["class_name"])
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
