"""`dtrain train`: a run as a configuration describes it, on one process or under mpirun on many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dtrain.cli.config import Config, resolved, run_stem
from dtrain.cli.errors import UserError, one_line_errors

if TYPE_CHECKING:
    from dtrain import Model
    from dtrain.callbacks import Callback


@click.command(name="train")
@click.argument("path", metavar="CONFIG", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[SECTION.KEY=VALUE]...")
@click.option(
    "--resume", is_flag=True, help="Go on from the newest good checkpoint of this configuration's latest run."
)
@click.option("--trace", metavar="FILE", help="Record what all processes do: .json or .json.gz, for ui.perfetto.dev.")
@click.option("--trace-steps", default="", metavar="FIRST:STOP", help="Record these steps only, counted from 0.")
def command(path: Path, overrides: tuple[str, ...], resume: bool, trace: str | None, trace_steps: str) -> None:
    """Train the model that CONFIG, a TOML file, describes.

    A run leaves a folder with the resolved configuration, history.csv and checkpoints.
    """
    from dtrain.cli.load_config import load_config

    with one_line_errors():
        config = load_config(path, overrides)
        if trace_steps and not trace:
            raise UserError("--trace-steps needs --trace FILE")
        if trace:
            _start_tracing(trace, trace_steps or None)
        train(config, run_stem(path), resume)


def _start_tracing(path: str, steps: str | None) -> None:
    from dtrain.distributed import world
    from dtrain.training.tracing import start_tracing

    start_tracing(world(), path, steps)


def train(config: Config, stem: str, resume: bool) -> Path:
    """Train as `config` says and return the folder of the run; `stem` names it where the configuration does not."""
    from dtrain.cli.agree import decided_by_main
    from dtrain.cli.build import build_model, compile_model
    from dtrain.cli.data import load_rows
    from dtrain.cli.run_folder import JOB
    from dtrain.distributed import is_main, say
    from dtrain.utils import set_random_seed

    folder, resume = decided_by_main(lambda: _prepare_folder(config, stem, resume))
    say(f"run folder: {folder}")
    set_random_seed(config.train.seed)
    train_rows, test_rows = load_rows(config.data)
    model = build_model(config.model)
    compile_model(model, config, _steps_per_epoch(config, len(train_rows.x)))
    _fit(model, config, folder, resume, train_rows, test_rows)
    if is_main():
        (folder / JOB).unlink(missing_ok=True)
    return folder


def _prepare_folder(config: Config, stem: str, resume: bool) -> tuple[Path, bool]:
    """Return the folder of the run, made and proven to be writable, and whether to go on from its checkpoints.

    A job that was started again because a rank had died goes on where it stood, without being told.
    """
    from dtrain.cli.run_folder import CONFIG, JOB, choose_folder, folder_of_job, has_checkpoints
    from dtrain.distributed.restarts import job_name, restart_count

    job = job_name()
    own = folder_of_job(config.run, stem, job) if job is not None and restart_count() else None
    if own is None:
        folder = choose_folder(config.run, stem, resume)
    else:
        folder, resume = own, has_checkpoints(own)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / CONFIG).exists():
            (folder / CONFIG).write_text(resolved(config), encoding="utf-8")
        if job is not None:
            (folder / JOB).write_text(job, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write the run's folder {folder}: {error.strerror}. Choose another run.folder."
        ) from None
    return folder, resume


def _steps_per_epoch(config: Config, rows: int) -> int:
    """Return the steps of one pass: `ceil(rows trained on / batch_size)`."""
    validation = config.data.validation
    trained = rows if isinstance(validation, str) else int(rows * (1.0 - validation))
    return max(1, -(-trained // config.train.batch_size))


def _checkpoint(config: Config, folder: Path) -> Callback:
    import msgspec

    from dtrain.cli.run_folder import CHECKPOINTS
    from dtrain.training.training_checkpoint import TrainingCheckpoint

    wanted = config.checkpoint
    return TrainingCheckpoint(
        folder / CHECKPOINTS,
        every_epochs=wanted.every_epochs,
        every_steps=wanted.every_steps,
        keep_last=wanted.keep_last,
        keep_best=wanted.keep_best,
        keep_every=wanted.keep_every,
        monitor=wanted.monitor,
        mode=wanted.mode,
        on_error=wanted.on_error,
        run_config=msgspec.to_builtins(config),
    )


def _fit(model: Model, config: Config, folder: Path, resume: bool, train_rows: Any, test_rows: Any) -> None:
    from dtrain.cli.build import build_callbacks
    from dtrain.cli.run_files import ConfigFile, HistoryFile
    from dtrain.cli.run_folder import CHECKPOINTS, CONFIG, HISTORY

    validation = config.data.validation
    files = [ConfigFile(folder / CONFIG, resolved(config)), HistoryFile(folder / HISTORY)]
    model.fit(
        train_rows.x,
        train_rows.y,
        batch_size=config.train.batch_size,
        epochs=config.train.epochs,
        shuffle=config.train.shuffle,
        validation_data=tuple(test_rows) if validation == "test" else None,
        validation_split=validation if isinstance(validation, float) else 0.0,
        callbacks=[*files, *build_callbacks(config.callbacks), _checkpoint(config, folder)],
        resume=folder / CHECKPOINTS if resume else None,
        reproducible=config.train.reproducible,
        on_nan=config.train.on_nan,
    )
