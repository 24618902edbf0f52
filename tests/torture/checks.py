"""What is looked at when a job has ended: each returns what is wrong."""

from __future__ import annotations

from pathlib import Path

from dtrain.checkpoint import CheckpointError, list_checkpoints, load
from tests.torture.jobs import Outcome
from tests.torture.table import digests, undisturbed


def one_traceback(folder: Path, outcome: Outcome) -> list[str]:
    """Ranks that fail alike must not all print."""
    count = outcome.text.count("Traceback (most recent call last)")
    chained = outcome.text.count("exception was the direct cause") + outcome.text.count("During handling of the above")
    return [] if count - chained == 1 else [f"{count - chained} tracebacks, expected: one"]


def one_state_of_all(folder: Path, outcome: Outcome) -> list[str]:
    """The signal is told once, and the newest state is that of the step which is named."""
    return [] if outcome.text.count("Stopped by SIG") == 1 else ["the signal is not told once"]


def same_digest_on_all(folder: Path, outcome: Outcome) -> list[str]:
    """All ranks have decided alike."""
    return [] if len(digests(folder)) == 1 else [f"ranks end with other numbers: {digests(folder)}"]


def as_one_process(folder: Path, outcome: Outcome) -> list[str]:
    """The numbers are those of one process."""
    return [] if digests(folder) == [undisturbed(1, ("--reproducible",))] else ["other numbers than one process"]


def no_temporary(folder: Path, outcome: Outcome) -> list[str]:
    """What could not be written is gone."""
    return [f"left behind: {path.name}" for path in (folder / "run" / "states").iterdir() if ".tmp." in path.name]


def newest_is_refused(folder: Path, outcome: Outcome) -> list[str]:
    """The file that was damaged is found to be."""
    newest = list_checkpoints(folder / "run" / "states")[-1]
    try:
        load(newest)
    except CheckpointError:
        return []
    return [f"{newest.name} was loaded although it is damaged"]
