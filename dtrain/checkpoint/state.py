"""All that a run needs to go on as if it had never stopped, and its form in a file.

The file, format 1 (names are written as `names.py` says; `JSON` is text):

    format_version                                int64
    progress                                      JSON: step, epoch, epoch_step, seed, batch_size, ...
    weights/<parameter>                           array
    optimizer/slots/<slot>/<parameter>            array
    optimizer/scalars/<name>                      array without dimensions
    held_optimizers/<name>/<value>                array
    metrics/<name>                                array
    history/epochs                                int64 (E,)
    history/logs/<name>                           float64 (at most E,)
    callbacks, callback_arrays/<index>            JSON and the arrays it refers to
    model_config, compile_config, run_config      JSON
    versions                                      JSON
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint import tree
from dtrain.checkpoint.errors import DamagedError, NewerFormatError
from dtrain.checkpoint.names import from_part, to_names, to_part, to_paths

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = dict[str, Array]
Flat: TypeAlias = dict[str, Array | str]

FORMAT_VERSION = 1

_PROGRESS = ("step", "epoch", "epoch_step", "seed", "batch_size", "dataset_length", "shuffle")
_CONFIGS = ("model_config", "compile_config", "run_config")


@dataclass(slots=True, eq=False, kw_only=True)
class TrainingState:
    """The state of a training run between two steps; it does not depend on the number of processes.

    Attributes:
        weights: parameter path → values, the non-trainable ones (moving statistics) too.
        optimizer_slots: slot (`momentum`, `velocity`) → parameter path → values.
        optimizer_scalars: name (`iterations`, `learning_rate`) → array without dimensions.
        held_optimizers: further optimizers of the model → name of a value → array.
        step: train steps done since the run began.
        epoch: the epoch that the next step belongs to, from 0.
        epoch_step: steps done within that epoch, thus the index of the next one.
        seed: of every random key of the run.
        batch_size: rows of a global batch; with the next two it fixes which rows the next step takes.
        dataset_length: rows of the training data; None when not known beforehand.
        shuffle: whether each epoch has an order of its own.
        history_epochs: the epochs that are done.
        history: log name → one float64 for each epoch that logged it.
        metrics: name → accumulator (sum and weight) of the epoch under way.
        callbacks: callback → its state: JSON values, and arrays among them.
        model_config, compile_config, run_config: JSON values; None when there is none.
        versions: component → version that wrote the state, as `current_versions` gives them.
    """

    weights: Arrays
    step: int
    epoch: int
    epoch_step: int
    seed: int
    optimizer_slots: dict[str, Arrays] = field(default_factory=dict)
    optimizer_scalars: Arrays = field(default_factory=dict)
    held_optimizers: dict[str, Arrays] = field(default_factory=dict)
    batch_size: int | None = None
    dataset_length: int | None = None
    shuffle: bool = True
    history_epochs: list[int] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)
    metrics: Arrays = field(default_factory=dict)
    callbacks: dict[str, Any] = field(default_factory=dict)
    model_config: Any = None
    compile_config: Any = None
    run_config: Any = None
    versions: dict[str, str] = field(default_factory=dict)

    def to_arrays(self) -> Flat:
        """Return the state as a flat dictionary of arrays and texts; the arrays are those of the state, not copies."""
        callbacks, callback_arrays = tree.dump_with_arrays(self.callbacks, "callbacks")
        flat: Flat = {"format_version": np.array(FORMAT_VERSION, np.int64)}
        flat["progress"] = tree.dump({name: getattr(self, name) for name in _PROGRESS}, "progress")
        flat |= {name: tree.dump(getattr(self, name), name) for name in _CONFIGS}
        flat |= {"versions": tree.dump(self.versions, "versions"), "callbacks": callbacks}
        flat |= _section("weights", self.weights)
        for slot, arrays in self.optimizer_slots.items():
            flat |= _section(f"optimizer/slots/{to_part(slot)}", arrays)
        flat |= _section("optimizer/scalars", self.optimizer_scalars)
        for name, arrays in self.held_optimizers.items():
            flat |= _section(f"held_optimizers/{to_part(name)}", arrays)
        flat |= _section("metrics", self.metrics)
        flat["history/epochs"] = np.array(self.history_epochs, np.int64)
        flat |= _section("history/logs", {name: np.array(log, np.float64) for name, log in self.history.items()})
        flat |= {f"callback_arrays/{index}": array for index, array in enumerate(callback_arrays)}
        return flat

    @classmethod
    def from_arrays(cls, flat: Flat, source: str = "checkpoint") -> TrainingState:
        """Undo `to_arrays`; `source` names the file in errors.

        Raises `NewerFormatError` for a format of a later version, `DamagedError` for what is no training state.
        """
        try:
            _check_format(flat, source)
            callback_arrays = _subset(flat, "callback_arrays")
            ordered = [callback_arrays[str(index)] for index in range(len(callback_arrays))]
            configs = {name: tree.load(_text(flat, name)) for name in _CONFIGS}
            return cls(
                **_progress(flat),
                **configs,
                weights=to_names(_subset(flat, "weights")),
                optimizer_slots=_two_levels(_subset(flat, "optimizer/slots")),
                held_optimizers=_two_levels(_subset(flat, "held_optimizers")),
                optimizer_scalars=to_names(_subset(flat, "optimizer/scalars")),
                metrics=to_names(_subset(flat, "metrics")),
                history_epochs=_array(flat, "history/epochs").tolist(),
                history={name: log.tolist() for name, log in to_names(_subset(flat, "history/logs")).items()},
                callbacks=_dictionary("callbacks", tree.load(_text(flat, "callbacks"), ordered)),
                versions=_dictionary("versions", tree.load(_text(flat, "versions"))),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"{source} holds no training state: {error.args[0] if error.args else error}") from error


def _section(prefix: str, named: Arrays) -> Flat:
    return {f"{prefix}/{path}": np.asarray(array) for path, array in to_paths(named).items()}


def _subset(flat: Flat, prefix: str) -> Arrays:
    start = prefix + "/"
    return {path.removeprefix(start): _array(flat, path) for path in flat if path.startswith(start)}


def _two_levels(paths: Arrays) -> dict[str, Arrays]:
    found: dict[str, Arrays] = {}
    for path, array in paths.items():
        first, _, rest = path.partition("/")
        found.setdefault(from_part(first), {})[rest] = array
    return {first: to_names(arrays) for first, arrays in found.items()}


def _text(flat: Flat, path: str) -> str:
    value = flat.get(path)
    if not isinstance(value, str):
        raise ValueError(f"the text {path!r} is missing")
    return value


def _array(flat: Flat, path: str) -> Array:
    value = flat.get(path)
    if value is None or isinstance(value, str):
        raise ValueError(f"the array {path!r} is missing")
    return value


def _dictionary(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"the text {path!r} holds something else than a dictionary")
    return value


def _check_format(flat: Flat, source: str) -> None:
    version = int(_array(flat, "format_version"))
    if version > FORMAT_VERSION:
        raise NewerFormatError(
            f"{source} has format version {version}; this dtrain reads up to {FORMAT_VERSION}. "
            "Update dtrain to go on with this run, or start a new one in another folder"
        )


def _progress(flat: Flat) -> dict[str, Any]:
    saved = tree.load(_text(flat, "progress"))
    if not isinstance(saved, dict) or any(name not in saved for name in _PROGRESS):
        raise ValueError(f"'progress' lacks one of {', '.join(_PROGRESS)}")
    if any(not isinstance(saved[name], int) for name in ("step", "epoch", "epoch_step", "seed")):
        raise ValueError("'progress' holds something else than integers")
    if any(saved[name] < 0 for name in ("step", "epoch", "epoch_step")):
        raise ValueError("'progress' holds negative counts of steps or epochs")
    return {name: saved[name] for name in _PROGRESS}
