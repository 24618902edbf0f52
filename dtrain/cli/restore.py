"""A trained model back from what its run left: the run's folder, a checkpoint in it, or the file of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dtrain.cli.agree import decided_by_main
from dtrain.cli.config import Config
from dtrain.cli.errors import UserError
from dtrain.cli.run_folder import CHECKPOINTS

if TYPE_CHECKING:
    from dtrain import Model
    from dtrain.checkpoint import TrainingState


class Restored(NamedTuple):
    """A model with its trained weights, the configuration of its run if `dtrain train` made it, and the file."""

    model: Model
    config: Config | None
    path: Path


def restore_model(run: Path, overrides: Sequence[str] = ()) -> Restored:
    """Return the model, compiled if its run had a configuration.

    Args:
        run: a run's folder or a folder of checkpoints, whose newest good one is taken; a checkpoint; or a model's file
            (`.keras`, `.h5`).
        overrides: `section.key=value`, such as `data.test_size=100`, for the run's configuration.

    Raises:
        UserError: nothing there, or nothing that a model can be made from.
        CheckpointError: no checkpoint that can be read.
        ValueError: the weights are those of another model.
    """
    found = decided_by_main(lambda: _find(run))
    if found is None:
        return _from_model_file(run, overrides)
    path, state = found
    if state.run_config is not None:
        return _from_configuration(state, path, overrides)
    _refuse_overrides(path, overrides)
    return _from_architecture(state, path)


def need_config(restored: Restored, what: str) -> Config:
    """Return the run's configuration, which names the data; a UserError if there is none."""
    if restored.config is None:
        raise UserError(
            f"{restored.path}: {what} needs the configuration of a run of `dtrain train`, which names its data, and "
            "this file has none. In Python: load the model and call its evaluate(x, y)."
        )
    return restored.config


def _find(run: Path) -> tuple[Path, TrainingState] | None:
    """Return the checkpoint and what it holds; None for a file that is none."""
    from dtrain.checkpoint import load, newest_good

    if run.is_dir():
        inner = run / CHECKPOINTS
        return newest_good(inner if inner.is_dir() else run)
    if not run.exists():
        raise UserError(f"{run}: there is nothing. Expected a run's folder, a checkpoint, or a model's file.")
    return (run, load(run)) if _is_checkpoint(run) else None


def _from_configuration(state: TrainingState, path: Path, overrides: Sequence[str]) -> Restored:
    from dtrain.cli.build import build_model, compile_model
    from dtrain.cli.config import without_none
    from dtrain.cli.load_config import config_from
    from dtrain.training.checkpointing import restore_weights

    table: dict[str, Any] = without_none(state.run_config)
    config = config_from(table, f"{path}, its configuration", path.resolve().parent, overrides)
    _refuse_code_of_a_run(config, path, overrides)
    model = build_model(config.model)
    compile_model(model, config, steps_per_epoch=1)
    restore_weights(model, state, str(path))
    return Restored(model, config, path)


def _refuse_code_of_a_run(config: Config, path: Path, overrides: Sequence[str]) -> None:
    """A run leaves no Python files in its folder: one there, which its checkpoint names, is a stranger's."""
    from dtrain.cli.overrides import parse_overrides

    given = parse_overrides(overrides)
    folder = path.resolve().parent
    folder = folder.parent if folder.name == CHECKPOINTS else folder
    for key, reference in (("model.file", config.model.get("file")), ("data.file", config.data.file)):
        if reference is not None and key not in given and Path(reference).is_relative_to(folder):
            raise UserError(
                f"{path}: its configuration asks to run {reference}, which came with the checkpoint. If you trust it, "
                f"move the Python file out of {folder} and give {key}=path.py:function."
            )


def _from_architecture(state: TrainingState, path: Path) -> Restored:
    from dtrain.saving.model_file import build_model
    from dtrain.training.checkpointing import restore_weights

    if state.model_config is None:
        raise UserError(
            f"{path}: holds weights, but neither a run's configuration nor the model's architecture, since its class "
            "is code of its own. In Python: build the model and go on by fit(..., resume=folder)."
        )
    weight_bytes = sum(array.nbytes for array in state.weights.values())
    try:
        model = build_model(state.model_config, "3", None, False, True, str(path), weight_bytes)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: the model cannot be made again: {error}") from error
    restore_weights(model, state, str(path))
    return Restored(model, None, path)


def _from_model_file(path: Path, overrides: Sequence[str]) -> Restored:
    from dtrain.saving import load_model

    _refuse_overrides(path, overrides)
    try:
        return Restored(load_model(path, compile=False), None, path)
    except TypeError as error:
        raise UserError(str(error)) from error


def _refuse_overrides(path: Path, overrides: Sequence[str]) -> None:
    if overrides:
        raise UserError(f"{path}: has no run's configuration to change. Received: {' '.join(overrides)}")


def _is_checkpoint(path: Path) -> bool:
    """Whether a file has the name of a checkpoint, or begins as one."""
    from dtrain.checkpoint.seal import SEAL_BYTES, has_seal

    if path.match("step-*.h5"):
        return True  # whatever is left of it
    with open(path, "rb") as file:
        return has_seal(file.read(SEAL_BYTES))
