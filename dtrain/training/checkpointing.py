"""The state of a run between two steps, taken from a model at work and put back into it."""

from __future__ import annotations

import copy
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.checkpoint import (
    CheckpointError,
    CheckpointStore,
    CheckpointWarning,
    Rotation,
    TrainingState,
    changed_versions,
    current_versions,
    newest_good,
)
from dtrain.checkpoint.store import list_checkpoints
from dtrain.distributed.console import say
from dtrain.distributed.delegation import on_main
from dtrain.distributed.restarts import note_step
from dtrain.graph import Array, Variable
from dtrain.kernels import IMPLEMENTATION
from dtrain.optimizers.stored_state import scalar_name
from dtrain.timeline import CHECKPOINT, WRITE

from .held_optimizers import capture_held, restore_held
from .put_back import put_back

if TYPE_CHECKING:
    from .fitting import Fit
    from .session import Session

_SHARDS, _NONE = "micro-shards of a batch", "none"


def capture(fit: Fit, run_config: Any = None) -> TrainingState:
    """All that the run needs to go on after the last finished step. Every process must call it."""
    model, session = fit.model, fit.session
    session.settle()
    optimizer, history = model.optimizer, model.history
    names = weight_names(model)
    slots: dict[str, dict[str, Array]] = {}
    for slot in optimizer.slot_names:
        slots[slot] = {names[id(v)]: optimizer.slot(slot, v) for v in optimizer.trained_variables}
    return TrainingState(
        weights={names[id(v)]: v.array for v in model.weights},
        optimizer_slots=slots,
        optimizer_scalars=optimizer.scalar_state(),
        held_optimizers=capture_held(model, names),
        step=session.step_count,
        epoch=fit.epoch,
        epoch_step=fit.start_step,
        seed=session.context.seed,
        batch_size=fit.train.batch_size,
        dataset_length=fit.train.rows,
        shuffle=fit.train.shuffle,
        history_epochs=list(history.epoch),
        history={name: list(values) for name, values in history.history.items()},
        metrics=_board_state(fit),
        callbacks={"state": fit.callbacks.state(), "arrays": fit.callbacks.arrays()},
        model_config=_config_of(model),
        compile_config={"optimizer": _config_of(optimizer)},
        run_config=run_config,
        versions=_versions(session),
    )


def restore(state: TrainingState, fit: Fit, source: str) -> None:
    """Put a captured state into a run that has not made a step yet.

    Raises:
        ValueError: when the state belongs to another model, optimizer or data; the differences are listed.
    """
    _check_data(state, fit, source)
    fit.session.context.seed = state.seed
    fit.train.reseed(state.seed)
    fit.prepare()
    fit.session.forget_held()
    fit.session.go_on_after(state.step)
    _check_optimizer(fit.model.optimizer, state, source)
    _put_back(state, fit, source)
    fit.go_on(state.epoch, state.epoch_step, lambda: _put_back(state, fit, source))
    if any(getattr(callback, "stopped_epoch", 0) for callback in fit.callbacks.callbacks):
        fit.model.stop_training = True  # EarlyStopping had ended the run
    changes = changed_versions({_SHARDS: _NONE, **state.versions}, _versions(fit.session))
    if changes:
        warnings.warn(
            f"{source} was written with other versions, so bits may differ: {'; '.join(changes)}", stacklevel=2
        )


def _versions(session: Session) -> dict[str, str]:
    """What the bits of a run depend on besides its configuration."""
    return {**current_versions(), "kernels": IMPLEMENTATION, _SHARDS: str(session.shards or _NONE)}


def _put_back(state: TrainingState, fit: Fit, source: str) -> None:
    callbacks = [state.callbacks.get(kind) for kind in ("state", "arrays")]
    if not all(isinstance(part, dict) for part in callbacks):
        raise ValueError(f"{source} is not of a run of fit: it holds no states of callbacks")
    restore_weights(fit.model, state, source)
    names = weight_names(fit.model)
    _restore_optimizer(fit.model.optimizer, names, state, source)
    restore_held(fit.model, names, state.held_optimizers, source)
    history = fit.model.history
    history.epoch[:] = state.history_epochs
    history.history.clear()
    history.history.update({name: list(values) for name, values in state.history.items()})
    fit.callbacks.load_state(state.callbacks["state"])
    fit.callbacks.load_arrays(state.callbacks["arrays"])
    if state.epoch_step:
        _restore_board(fit, state.metrics, source)


def restore_weights(model: Any, state: TrainingState, source: str) -> None:
    """Overwrite the weights of a built model by those of a state.

    Raises:
        ValueError: when they are those of another model; every difference is listed and nothing is changed.
    """
    names = weight_names(model)
    expected = {names[id(v)]: v for v in model.weights}
    wrong = [f"{name} {v.shape} ({v.path}) is missing" for name, v in expected.items() if name not in state.weights]
    wrong += [f"{name} {a.shape} is unknown to the model" for name, a in state.weights.items() if name not in expected]
    wrong += [
        f"{name}: the model has {v.shape} ({v.path}), the file {state.weights[name].shape}"
        for name, v in expected.items()
        if name in state.weights and state.weights[name].shape != v.shape
    ]
    if wrong:
        raise ValueError(f"{source} holds the weights of another model:\n  " + "\n  ".join(wrong))
    for name, variable in expected.items():
        variable.array[...] = state.weights[name]


def restore_newest(folder: Any, fit: Fit) -> None:
    """Go on from the newest good checkpoint of a folder; start anew if there is none yet. All processes call it."""

    def read() -> tuple[str, TrainingState] | None:
        if not Path(folder).is_dir() or not list_checkpoints(Path(folder)):
            return None
        path, state = newest_good(Path(folder))
        note_step(state.step)
        return str(path), state

    found = on_main(fit.session.communicator, read)
    if found is None:
        say(f"No checkpoint in {folder} yet: starting from the beginning")
        return
    path, state = found
    restore(state, fit, path)
    say(f"Going on from {path}: epoch {state.epoch + 1}, step {state.epoch_step} of the epoch")


class StateSaver:
    """Writes training states into a folder on the main process, while training goes on.

    A step waits only for a copy of the state. One file is written at a time; an error in writing is raised on all
    processes at the next `save` or `wait`.

    Args:
        folder: where the files go.
        rotation: which of them stay.
        run_config: plain values to keep in the files.
        on_error: "raise", or "warn": a file that cannot be written is only a warning, and the next one is tried.
    """

    def __init__(self, folder: Any, rotation: Rotation, run_config: Any = None, on_error: str = "raise") -> None:
        self.folder = Path(folder)
        self.rotation = rotation
        self._run_config = run_config
        self._on_error = on_error
        self._store: CheckpointStore | None = None
        self._writer: ThreadPoolExecutor | None = None
        self._writing: Future[Path] | None = None
        self._generation: int | None = None  # of the ranks, at the last `save`

    def open(self, fit: Fit) -> None:
        """Make the folder and hold it against other jobs. Every process must call it."""

        def take() -> None:
            self._take_folder()

        on_main(fit.session.communicator, take)

    def _take_folder(self) -> CheckpointStore:
        self._store = self._store or CheckpointStore(self.folder, self.rotation)
        return self._store

    def save(self, fit: Fit, metric: float | None = None) -> None:
        """Begin to write the present state, once the one before is written. Every process must call it.

        `metric` ranks it among those that the rotation keeps as the best.
        """
        with CHECKPOINT:
            self._begin(fit, capture(fit, self._run_config), metric)

    def _begin(self, fit: Fit, state: TrainingState, metric: float | None) -> None:
        def begin() -> None:
            self._wait()
            # The others wait for this copy: they may share the memory of the weights, and are about to change them.
            copied = copy.deepcopy(state)
            store = self._take_folder()  # in elastic mode the main process may be another one than in `open`
            self._writer = self._writer or ThreadPoolExecutor(1, "dtrain-checkpoint")
            self._writing = self._writer.submit(self._write, store, copied, metric)

        on_main(fit.session.communicator, begin)
        self._generation = fit.session.communicator.generation

    def _write(self, store: CheckpointStore, state: TrainingState, metric: float | None) -> Path:
        with WRITE:
            return store.save(state, metric)

    def is_doubtful(self, fit: Fit) -> bool:
        """Whether a process was lost since the last `save`: it may have been the one that wrote. The same on all."""
        return self._generation not in (None, fit.session.communicator.generation)

    def wait(self, fit: Fit) -> bool:
        """Return when everything is written, and whether the last file was. Every process must call it.

        When a process was lost since the last `save`, the present state is written first.
        """
        while True:
            with CHECKPOINT:
                written = on_main(fit.session.communicator, self._wait)
            if not self.is_doubtful(fit):
                return written
            self.save(fit)

    def _wait(self) -> bool:
        writing, self._writing = self._writing, None
        try:
            if writing is not None:
                writing.result()
        except CheckpointError as error:
            if self._on_error == "raise":
                raise
            warnings.warn(f"{error} Training goes on without this checkpoint.", CheckpointWarning, stacklevel=2)
            return False
        return True

    def close(self) -> None:
        """End writing and let go of the folder; for when training has failed: an error in writing is only a warning."""
        try:
            self._wait()
        except Exception as error:
            warnings.warn(f"The last training state was not written: {error}", stacklevel=2)
        if self._writer is not None:
            self._writer.shutdown()
            self._writer = None
        if self._store is not None:
            self._store.close()
            self._store = None


def weight_names(model: Any) -> dict[int, str]:
    """The name of each weight (by `id`) in checkpoints: its place in the model, which no layer name changes."""
    from dtrain.saving.walk import walk
    from dtrain.saving.weights import own_variables, vars_path

    places = ((path, owner) for path, owner in walk(model) if owner is not model.optimizer)
    return {
        id(variable): f"{vars_path(path)}/{number}"
        for path, owner in places
        for number, variable in enumerate(own_variables(owner))
        if isinstance(variable, Variable)
    }


def _board_state(fit: Fit) -> dict[str, Array]:
    board = fit.session.board
    parts = fit.session.whole_board()
    names = np.frombuffer("\n".join(board.part_names).encode(), np.uint8)
    whole = {f"whole/{k}": v.array.copy() for k, v in enumerate(board.whole_variables())}
    return {"parts": parts, "rows": np.array(board.rows, np.int64), "names": names.copy(), **whole}


def _restore_board(fit: Fit, saved: dict[str, Array], source: str) -> None:
    if lacking := {"parts", "rows", "names"} - saved.keys():
        raise ValueError(f"{source} stands in the middle of an epoch and lacks of its metrics: {sorted(lacking)}")
    names = [name for name in saved["names"].tobytes().decode().split("\n") if name]
    fit.session.load_board(saved["parts"], names, int(saved["rows"]))
    for k, variable in enumerate(fit.session.board.whole_variables()):
        put_back(variable.array, saved, f"whole/{k}", source)


def _check_optimizer(optimizer: Any, state: TrainingState, source: str) -> None:
    then = _class_name(state.compile_config) or type(optimizer).__name__
    iteration = int(state.optimizer_scalars.get("iteration", 1))
    if iteration < 0:
        raise ValueError(f"{source} makes no sense: its optimizer has made {iteration} steps")
    unused = not iteration  # by steps that the model has written anew
    expected = {*(() if unused and not state.optimizer_slots else optimizer.slot_names), *optimizer.scalar_state()}
    found = {*state.optimizer_slots, *map(scalar_name, state.optimizer_scalars)}
    if then != type(optimizer).__name__ or expected != found:
        raise ValueError(
            f"{source} holds the state of another optimizer: {then} with {', '.join(sorted(found))}. "
            f"The model was compiled with {type(optimizer).__name__} with {', '.join(sorted(expected))}. "
            "Compile it as it was, or begin a new run in another folder."
        )


def _class_name(compile_config: Any) -> str | None:
    """The optimizer's, as `compile` was told; None if the file does not say."""
    config = compile_config.get("optimizer") if isinstance(compile_config, dict) else None
    return config.get("class_name") if isinstance(config, dict) else None


def _restore_optimizer(optimizer: Any, names: dict[int, str], state: TrainingState, source: str) -> None:
    optimizer.load_scalar_state(state.optimizer_scalars)
    for slot, arrays in state.optimizer_slots.items():
        for variable in optimizer.trained_variables:
            put_back(optimizer.slot(slot, variable), arrays, names[id(variable)], f"{source}, {slot} of the optimizer,")


def _check_data(state: TrainingState, fit: Fit, source: str) -> None:
    """The position in an epoch means the same rows only for the same data, batch size and order."""
    then = {"rows": state.dataset_length, "batch_size": state.batch_size, "shuffle": state.shuffle}
    now = {"rows": fit.train.rows, "batch_size": fit.train.batch_size, "shuffle": fit.train.shuffle}
    different = [f"{k} was {then[k]} and is {now[k]}" for k in then if then[k] != now[k]]
    if different and state.epoch_step:
        raise ValueError(
            f"{source} stands in the middle of an epoch over other data: {'; '.join(different)}. "
            "Use the same data and batch size, or resume from a checkpoint at the end of an epoch."
        )


def _config_of(thing: Any) -> Any:
    """The configuration, from which a model or optimizer can be made again without the program that made it."""
    from dtrain.saving.serialization import serialize_keras_object

    try:
        return serialize_keras_object(thing)
    except (NotImplementedError, TypeError, ValueError):
        return None  # a subclassed model is code: its weights are in the file, the code is the user's
