"""A job that is started again after a rank died: what the one who starts it and the job tell each other.

`dtrain launch --max-restarts` sets two variables: `DTRAIN_RESTART`, how often the job was started again, and
`DTRAIN_JOB`, a file of its own. There the job notes each step that it goes on from: two restarts from the same step
make no progress. Beside it, an elastic job notes that it ends because too few ranks are left: it has the exit status of
one that was asked to stop, but is to be started again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESTART = "DTRAIN_RESTART"
JOB = "DTRAIN_JOB"
_TOO_FEW = "too-few"


def restart_count() -> int:
    """Return how often this job was started again; 0: it was not."""
    text = os.environ.get(RESTART, "")
    return int(text) if text.isdecimal() else 0


def job_name() -> str | None:
    """Return a name that all starts of this job share, and no other job has; None when nobody starts it again."""
    return Path(os.environ[JOB]).parent.name if JOB in os.environ else None


def note_step(step: int) -> None:
    """Tell the one who starts this job again that it goes on from `step`. Called by the main process."""
    if JOB in os.environ:
        with suppress(OSError):  # on another host than where the job was started: it must do without
            Path(os.environ[JOB]).write_text(str(step))


def noted_step(file: Path) -> int | None:
    """Return the step that a job has noted in its file, and forget it; None: none."""
    with suppress(OSError, ValueError):
        step = int(file.read_text())
        file.unlink()
        return step
    return None


def note_too_few() -> None:
    """Tell the one who starts this job again that it ends because too few ranks are left.

    Called by all processes: those on the host where the job was started reach its file.
    """
    if JOB in os.environ:
        with suppress(OSError):
            Path(os.environ[JOB]).with_name(_TOO_FEW).touch()


def had_too_few(file: Path) -> bool:
    """Return whether a job has noted beside its file that too few ranks were left, and forget it."""
    try:
        file.with_name(_TOO_FEW).unlink()
    except OSError:
        return False
    return True
