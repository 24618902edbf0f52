"""The folder of a run: config.toml, history.csv and checkpoints/ within."""

from __future__ import annotations

import re
from pathlib import Path

from dtrain.checkpoint.store import list_checkpoints
from dtrain.cli.config import Run
from dtrain.cli.errors import UserError

CHECKPOINTS = "checkpoints"
CONFIG = "config.toml"
HISTORY = "history.csv"
JOB = ".job"
"""Names the job that writes in the folder, as long as it may be started again."""


def choose_folder(run: Run, stem: str, resume: bool) -> Path:
    """Return the folder for a run of the configuration called `stem`; makes none.

    With `run.name` it is `folder/name`. Without, a new run gets `folder/stem-001` and counting, and `resume` takes the
    latest of these that has checkpoints.

    Raises:
        UserError: nothing to resume, or a new run would mix its files with those of an earlier one.
    """
    base = Path(run.folder)
    if run.name is not None:
        if Path(run.name).is_absolute() or {"..", ""} & set(run.name.split("/")) or not run.name.isprintable():
            raise UserError(f"run.name: expected the name of a folder within run.folder. Received: {run.name!r}")
        return _named(base / run.name, resume)
    numbered = _numbered(base, stem)
    if not resume:
        return base / f"{stem}-{max(numbered, default=0) + 1:03d}"
    for number in sorted(numbered, reverse=True):
        if has_checkpoints(numbered[number]):
            return numbered[number]
    raise UserError(f"--resume: no run of {stem!r} with checkpoints in {base.resolve()}. Start one without --resume.")


def folder_of_job(run: Run, stem: str, job: str) -> Path | None:
    """Return the folder that an earlier start of the same job made for this run; None if it came not so far."""
    base = Path(run.folder)
    folders = list(_numbered(base, stem).values()) if run.name is None else [base / run.name]
    return next((folder for folder in folders if _job_of(folder) == job), None)


def has_checkpoints(folder: Path) -> bool:
    """Whether a run has left checkpoints in `folder`."""
    checkpoints = folder / CHECKPOINTS
    return checkpoints.is_dir() and bool(list_checkpoints(checkpoints))


def _named(folder: Path, resume: bool) -> Path:
    if resume and not has_checkpoints(folder):
        raise UserError(f"--resume: no checkpoints in {folder / CHECKPOINTS}. Start the run without --resume.")
    if not resume and has_checkpoints(folder):
        raise UserError(f"{folder} holds a run already. Go on with it by --resume, or give another run.name.")
    return folder


def _job_of(folder: Path) -> str | None:
    try:
        return (folder / JOB).read_text(encoding="utf-8")
    except OSError:
        return None


def _numbered(base: Path, stem: str) -> dict[int, Path]:
    pattern = re.compile(rf"{re.escape(stem)}-(\d+)")
    folders = base.iterdir() if base.is_dir() else ()
    return {int(match[1]): folder for folder in folders if (match := pattern.fullmatch(folder.name))}
